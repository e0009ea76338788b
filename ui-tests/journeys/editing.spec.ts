import { readFile, writeFile } from 'node:fs/promises';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const TEXT = 'input_txt = ""  # input: txt';
const MADE = 'output_txt = "made.txt"  # output: txt';
const COPY = 'import shutil\nshutil.copy(input_txt, output_txt)';

test('K9: nodes are muted and bypassed, and a run leaves them out', async ({
  lab,
  server,
  page
}, info) => {
  await writeFile(server.file('a.txt'), 'words\n');
  await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE), COPY));
  // in two rows, so that the inspector covers no card
  const step = (x: number, y: number) => ({ path: 'step.ipynb', at: [x, y] as [number, number] });
  const flow = workflow(
    {
      data: { type: 'dataset', path: 'a.txt', at: [0, 0] },
      one: step(280, 0),
      two: step(0, 160),
      end: step(280, 160)
    },
    'data.data->one.input_txt',
    'one.output_txt->two.input_txt',
    'two.output_txt->end.input_txt'
  );
  await writeFile(server.file('modes.nbflow'), flow);
  const canvas = await lab.openWorkflow('modes.nbflow');
  const card = (id: string) => canvas.root.locator(`.react-flow__node[data-id="${id}"]`);
  await expect(card('one')).toContainText('output_txt');
  await card('one').click();
  await canvas.stage.focus();
  await lab.press('b');
  await expect(card('one').locator('.nby-Mark.nby-mod-off')).toHaveText('bypassed');
  await card('end').click();
  await canvas.stage.focus();
  await lab.press('m');
  await expect(card('end').locator('.nby-Mark.nby-mod-off')).toHaveText('muted');
  await lab.theme('JupyterLab Dark');
  await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('modes.png') });
  await lab.theme('JupyterLab Light');
  await canvas.button('run-workflow').click();
  await lab.drawer.succeeds();
  await expect(lab.drawer.body.locator('.nby-Row')).toHaveCount(1);
  const saved = JSON.parse(await readFile(server.file('modes.nbflow'), 'utf8'));
  expect(saved.nodes.one.mode).toBe('bypassed');

  // what depends on a muted node says so
  await card('one').click();
  await canvas.stage.focus();
  await lab.press('m');
  await expect(card('two').locator('.nby-Mark.nby-mod-off')).toHaveText('not run');
  await lab.press('Control+z');
  await expect(card('two').locator('.nby-Mark.nby-mod-off')).toHaveCount(0);
});

test(
  'K9: a comment is written, sized, moved and undone with the keyboard and the mouse',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    await writeFile(server.file('step.ipynb'), notebook(parameters(MADE)));
    await writeFile(
      server.file('words.nbflow'),
      workflow({ a: { path: 'step.ipynb', at: [0, 0] }, b: { path: 'step.ipynb', at: [300, 0] } })
    );
    const canvas = await lab.openWorkflow('words.nbflow');
    const comment = canvas.root.locator('.nby-Comment');
    await canvas.stage.focus();
    await lab.press('Shift+A');
    await expect(comment.locator('textarea')).toBeFocused();
    await page.keyboard.type('# Data\n\nFrom *Palmer* station. <script>alert(1)</script>');
    await lab.press('Escape');
    await expect(comment.locator('h1')).toContainText('Data');
    await expect(comment.locator('em')).toHaveText('Palmer');
    await expect(comment.locator('script')).toHaveCount(0);
    await lab.press('Enter');
    await expect(comment.locator('textarea')).toBeFocused();
    await comment.locator('textarea').dblclick(); // opens it no second time
    await lab.press('Control+s');
    await expect
      .poll(async () => JSON.parse(await readFile(server.file('words.nbflow'), 'utf8')).comments)
      .toMatchObject({ '#1': { text: expect.stringContaining('Palmer') } });
    await lab.press('Escape');
    const first = (await comment.boundingBox())!;
    await lab.press('Alt+Shift+ArrowRight');
    await expect
      .poll(async () => (await comment.boundingBox())!.width)
      .toBeGreaterThan(first.width + 5);
    const before = (await comment.boundingBox())!;
    const corner = (await comment.locator('.nby-Comment-corner').boundingBox())!;
    await page.mouse.move(corner.x + 5, corner.y + 5);
    await page.mouse.down();
    await page.mouse.move(corner.x + 65, corner.y + 45, { steps: 4 });
    await page.mouse.up();
    await expect
      .poll(async () => (await comment.boundingBox())!.width)
      .toBeGreaterThan(before.width + 50);
    await lab.theme('JupyterLab Dark');
    await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
    await page.screenshot({ path: info.outputPath('comment.png') });
    await lab.theme('JupyterLab Light');
    await canvas.stage.focus();
    await lab.press('Control+z');
    await expect
      .poll(async () => Math.round((await comment.boundingBox())!.width))
      .toBe(Math.round(before.width));
    await comment.click();
    await lab.press('Delete');
    await expect(comment).toHaveCount(0);
    await expect(canvas.cards).toHaveCount(2);
  }
);

test('K9: a group folds into one card, runs, unfolds, is in the file, and becomes a sub-workflow', async ({
  lab,
  server,
  page
}, info) => {
  await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE), COPY));
  await writeFile(server.file('a.txt'), 'words\n');
  const step = (x: number, y: number) => ({ path: 'step.ipynb', at: [x, y] as [number, number] });
  const flow = workflow(
    {
      data: { type: 'dataset', path: 'a.txt', at: [0, 0] },
      one: step(280, 0),
      two: step(0, 200),
      end: step(280, 200)
    },
    'data.data->one.input_txt',
    'one.output_txt->two.input_txt',
    'two.output_txt->end.input_txt'
  );
  await writeFile(server.file('groups.nbflow'), flow);
  const canvas = await lab.openWorkflow('groups.nbflow');
  const card = (id: string) => canvas.root.locator(`.react-flow__node[data-id="${id}"]`);
  await expect(card('end')).toContainText('output_txt');
  await card('one').locator('.nby-Node-head').click();
  for (const id of ['two', 'end']) {
    await card(id)
      .locator('.nby-Node-head')
      .click({ modifiers: ['Shift'] });
  }
  await canvas.stage.focus();
  await lab.press('g');
  await expect(canvas.root.getByLabel('Name of the group')).toBeFocused();
  await page.keyboard.type('Steps');
  await lab.press('Enter');
  await expect(canvas.root.locator('.nby-Frame')).toContainText('Steps');
  await page.screenshot({ path: info.outputPath('open.png') });
  await lab.press('Shift+F');
  const folded = canvas.card('Steps');
  await expect(folded).toContainText('3 nodes');
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);
  await expect(folded.locator('.nby-Port')).toHaveText([/input_txt/, /output_txt/]);
  await lab.execute('nbyard:run-selected');
  await expect(folded).toContainText('3 of 3 done');
  await page.screenshot({ path: info.outputPath('folded.png') });
  await canvas.save();
  await lab.reload();
  await expect(canvas.cards).toHaveCount(2);
  await folded.locator('.nby-Node-title').dblclick();
  await expect(canvas.cards).toHaveCount(5);
  await expect(canvas.arrows).toHaveCount(3);
  const head = canvas.root.locator('.nby-Frame-head');
  const [from, before] = [(await head.boundingBox())!, (await card('end').boundingBox())!];
  const start = { x: from.x + from.width / 2, y: from.y + 8 };
  await lab.drag(start, { x: start.x + 40, y: start.y + 30 });
  await expect
    .poll(async () => (await card('end').boundingBox())!.x)
    .toBeGreaterThan(before.x + 30);
  const { groups } = JSON.parse(await readFile(server.file('groups.nbflow'), 'utf8'));
  expect(Object.values(groups)).toEqual([
    { folded: true, nodes: expect.arrayContaining(['one', 'two', 'end']), title: 'Steps' }
  ]);

  // the group becomes a workflow that others can use, too
  await head.click({ button: 'right' });
  await lab.menuItem('Group').last().click();
  await lab.menuItem('Save as Sub-Workflow…').click();
  await expect(page.getByRole('dialog').getByRole('textbox')).toHaveValue('Steps');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const part = canvas.card('Steps.nbflow');
  await expect(part.locator('.nby-Port')).toHaveText([/one.input_txt/, /end.output_txt/]);
  await expect(canvas.cards).toHaveCount(2);
  await page.screenshot({ path: info.outputPath('part.png') });
  await canvas.button('run-workflow').click();
  await lab.drawer.succeeds();
  await expect(lab.drawer.body.locator('.nby-Row')).toHaveCount(3);
  await expect(canvas.stateOf('Steps')).toContainText('cached'); // its nodes are the same
  await page.screenshot({ path: info.outputPath('ran.png') });
  await part.locator('.nby-Node-title').click({ button: 'right' });
  await lab.menuItem('Group').last().click();
  await lab.menuItem('Unpack Sub-Workflow').click();
  await expect(canvas.root.locator('.nby-Frame')).toContainText('Steps');
  await expect(canvas.cards).toHaveCount(5);
  await expect(canvas.arrows).toHaveCount(3);
  await page.screenshot({ path: info.outputPath('unpacked.png') });
  await canvas.stage.focus();
  await lab.press('Control+z');
  await part.locator('.nby-Node-title').dblclick();
  await expect(lab.tab('Steps.nbflow')).toBeVisible();
  expect(JSON.parse(await readFile(server.file('Steps.nbflow'), 'utf8')).groups).toBeUndefined();
});

test('K9: the plus beside an output adds the node that takes it; a reload fits the view again', async ({
  lab,
  server,
  page
}, info) => {
  await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE), COPY));
  await writeFile(
    server.file('chain.nbflow'),
    workflow({ one: { path: 'step.ipynb', at: [0, 0] } })
  );
  const canvas = await lab.openWorkflow('chain.nbflow', { whole: false });
  await canvas.card('step.ipynb').hover();
  await canvas.root.getByTitle('Add a node that takes output_txt').click();
  await expect(canvas.picker).toContainText('step.ipynb');
  await expect(canvas.picker).not.toContainText('penguins.csv'); // data takes nothing
  await page.screenshot({ path: info.outputPath('next.png') });
  await page.keyboard.type('step.ipynb');
  await lab.press('Enter');
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);
  await canvas.save();

  const view = canvas.root.locator('.react-flow__viewport');
  await lab.execute('nbyard:fit-workflow');
  await canvas.isTidy();
  await lab.reload();
  await expect(canvas.cards).toHaveCount(2);
  await page.setViewportSize({ width: 1100, height: 500 });
  await canvas.isTidy();
  const fitted = await view.getAttribute('style');
  await canvas.root.getByRole('button', { name: 'Zoom Out' }).click();
  await expect(view).not.toHaveAttribute('style', fitted!);
});

test(
  'K9: no connection runs behind a card after tidying, nor behind one that is moved',
  { tag: '@long' },
  async ({ lab, server }) => {
    await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE)));
    await writeFile(
      server.file('two.ipynb'),
      notebook(parameters(TEXT, 'input_b = ""  # input: txt'))
    );
    const at = [0, 0] as [number, number];
    const nodes = { a: 'step', b: 'step', c: 'step', d: 'two', e: 'two' };
    const flow = workflow(
      Object.fromEntries(
        Object.entries(nodes).map(([id, name]) => [id, { path: `${name}.ipynb`, at }])
      ),
      ...['a->b.input_txt', 'b->c.input_txt', 'c->d.input_txt', 'a->d.input_b', 'b->e.input_b']
        .concat(['a->e.input_txt'])
        .map(arrow => arrow.replace('->', '.output_txt->'))
    );
    await writeFile(server.file('long.nbflow'), flow);
    const canvas = await lab.openWorkflow('long.nbflow');
    await expect(canvas.arrows).toHaveCount(6);
    await canvas.stage.focus();
    await lab.press('t');
    await canvas.isTidy();
    await expect.poll(() => canvas.covered()).toEqual([]);
    const card = (id: string) => canvas.root.locator(`.react-flow__node[data-id="${id}"]`);
    const head = (id: string) => card(id).locator('.nby-Node-head');
    const [from, to] = [(await head('e').boundingBox())!, (await head('c').boundingBox())!];
    const start = { x: from.x + 60, y: from.y + 8 };
    await lab.drag(start, { x: start.x, y: start.y + 2 * (to.y - from.y) });
    await expect.poll(() => canvas.covered()).toEqual([]);
  }
);

test(
  'K9: a chain of 60 nodes is tidied into rows, and the sheet of keys has no scroll bar',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE)));
    const places = Array.from({ length: 60 }, (_, index) => index);
    const nodes = places.map(index => [
      `n${index}`,
      { path: 'step.ipynb', at: [index * 260, 0] as [number, number] }
    ]);
    const arrows = places.slice(1).map(index => `n${index - 1}.output_txt->n${index}.input_txt`);
    await writeFile(server.file('sixty.nbflow'), workflow(Object.fromEntries(nodes), ...arrows));
    const canvas = await lab.openWorkflow('sixty.nbflow');
    await expect(page.locator('.react-flow__minimap')).toBeHidden();
    await page.getByRole('button', { name: 'Minimap' }).click();
    await expect(page.locator('.react-flow__minimap')).toBeVisible();
    await page.getByRole('button', { name: 'Minimap' }).click();
    await expect(page.locator('.react-flow__minimap')).toBeHidden();
    await canvas.stage.focus();
    await lab.press('t');
    const lefts = () =>
      canvas.cards.evaluateAll(all => new Set(all.map(one => one.getBoundingClientRect().x)).size);
    await expect.poll(lefts).toBeLessThan(20);
    await expect.poll(() => canvas.covered()).toEqual([]);
    await page.screenshot({ path: info.outputPath('sixty.png') });
    await page.setViewportSize({ width: 1280, height: 720 });
    await canvas.stage.focus();
    await lab.press('Shift+?');
    const sheet = page.locator('.jp-Dialog-content');
    await expect(sheet.getByText('Navigate', { exact: true })).toBeVisible();
    const hidden = await sheet.evaluate(
      content =>
        [content, ...Array.from(content.querySelectorAll('*'))].filter(
          one =>
            one.scrollHeight > one.clientHeight + 1 && getComputedStyle(one).overflowY !== 'visible'
        ).length
    );
    await page.screenshot({ path: info.outputPath('keys.png') });
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(hidden).toBe(0);
  }
);
