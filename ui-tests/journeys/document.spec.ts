import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test('K1: dirty mark, save, undo and rename, as of every document', async ({ lab, server }) => {
  const before = await readFile(server.file('penguins.nbflow'), 'utf8');
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.cards).toHaveCount(5);
  const tab = lab.tab('penguins.nbflow');
  await expect(tab).not.toHaveClass(/jp-mod-dirty/);
  const card = canvas.card('train.ipynb'); // at the edge of the picture a drag would move that too
  // The picture is fitted once more when the server has told what the cards are. A drag that misses
  // the card for that moves the view.
  await expect(async () => {
    await lab.execute('nbyard:fit-workflow');
    const start = (await card.boundingBox())!;
    await lab.drag({ x: start.x + 60, y: start.y + 8 }, { x: start.x + 20, y: start.y + 88 });
    await expect(tab).toHaveClass(/jp-mod-dirty/, { timeout: 10_000 });
  }).toPass();
  expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toBe(before);
  await canvas.stage.focus();
  await lab.press('Control+s');
  await canvas.saved();
  const after = JSON.parse(await readFile(server.file('penguins.nbflow'), 'utf8'));
  const { positions: moved, ...same } = after;
  const { positions, ...rest } = JSON.parse(before);
  expect(same).toEqual(rest);
  expect(moved.train[1]).toBeGreaterThan(positions.train[1]);
  expect({ ...moved, train: null }).toEqual({ ...positions, train: null });

  await canvas.stage.focus();
  await lab.press('Control+z');
  await expect(tab).toHaveClass(/jp-mod-dirty/);
  await canvas.save();
  expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toBe(before);

  await tab.click({ button: 'right' });
  await lab.menuItem('Rename').click();
  await lab.dialog.getByRole('textbox').fill('birds.nbflow');
  await lab.press('Enter');
  await expect(lab.tab('birds.nbflow')).toBeVisible();
  await expect(canvas.cards).toHaveCount(5);
});

test(
  'K1: a workflow that is renamed while it runs keeps its states and Stop; a copy has its own',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('quick.sh'), 'echo quick\n');
    await writeFile(server.file('slow.sh'), 'sleep 600\n');
    const nodes = {
      quick: { path: 'quick.sh', at: [0, 0] as [number, number] },
      slow: { path: 'slow.sh', at: [400, 0] as [number, number] }
    };
    await writeFile(server.file('slow.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('slow.nbflow');
    await lab.click(canvas.button('run-workflow'));
    await expect(canvas.stateOf('quick')).toContainText('succeeded');
    await expect(canvas.stateOf('slow')).toContainText('running');
    const { id } = JSON.parse(await readFile(server.file('slow.nbflow'), 'utf8')).meta;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);

    await lab.tab('slow.nbflow').click({ button: 'right' });
    await lab.menuItem('Rename').click();
    await lab.dialog.getByRole('textbox').fill('other.nbflow');
    await lab.press('Enter');
    await expect(lab.tab('other.nbflow')).toBeVisible();
    await lab.closeTab('other.nbflow');
    await lab.openWorkflow('other.nbflow');
    await expect(canvas.stateOf('slow')).toContainText('running');
    await canvas.stage.focus();
    await lab.press('Control+.');
    await expect(canvas.stateOf('slow')).toContainText('cancelled');
    await lab.panel();
    await expect(lab.row('workflow', 'Made for this journey')).toContainText('other.nbflow');

    await copyFile(server.file('other.nbflow'), server.file('copy.nbflow'));
    await lab.fileBrowser();
    await lab.refreshFiles();
    await lab.openWorkflow('copy.nbflow');
    await expect(lab.canvas.notice).toContainText('a copy of other.nbflow');
    await expect(lab.canvas.stateOf('quick')).toHaveCount(0);
    await lab.page.screenshot({ path: info.outputPath('copy.png') });
    await lab.click(lab.canvas.button('run-workflow'));
    await expect(lab.canvas.stateOf('quick')).toContainText('cached'); // as in the original
    await expect(lab.canvas.stateOf('slow')).toContainText('running');
    await lab.canvas.stage.focus();
    await lab.press('Control+.');
    await expect(lab.canvas.stateOf('slow')).toContainText('cancelled');
    const copy = JSON.parse(await readFile(server.file('copy.nbflow'), 'utf8'));
    expect(copy.meta.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(copy.meta.id).not.toBe(id);
  }
);

test(
  'K1: a checkpoint is restored, and the restoring can be undone',
  { tag: '@long' },
  async ({ lab, server }) => {
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.cards).toHaveCount(5);
    await canvas.remove('report.ipynb');
    await lab.execute('nbyard:fit-workflow'); // the inspector has opened; only cards in view are drawn
    await canvas.save(); // the save makes the checkpoint of this
    const kept = await readFile(server.file('penguins.nbflow'), 'utf8');
    await canvas.remove('evaluate.py');
    await expect(canvas.cards).toHaveCount(3);
    await lab.mainMenu('File', 'Revert Workflow to Checkpoint…');
    await lab.dialog.getByRole('button', { name: 'Revert' }).click();
    await expect(canvas.cards).toHaveCount(4);
    await expect(lab.tab('penguins.nbflow')).not.toHaveClass(/jp-mod-dirty/);
    expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toBe(kept);
    await canvas.stage.focus();
    await lab.press('Control+z');
    await expect(canvas.cards).toHaveCount(3);
  }
);

test('K1, K18: opened again from the Workflows panel, from the file browser, as text, and as it was', async ({
  lab,
  server
}, info) => {
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.cards).toHaveCount(5);
  await lab.closeTab('penguins.nbflow');
  await server.post('runs', { path: 'penguins.nbflow', scope: 'to', nodes: ['clean'] });
  await lab.panel();
  await lab.row('workflow', 'Penguins').dblclick();
  await expect(canvas.arrows).toHaveCount(6);
  await lab.closeTab('penguins.nbflow');

  await lab.fileBrowser();
  await lab.file('penguins.nbflow').click({ button: 'right' });
  await lab.menuItem('Open With').hover();
  await lab.menuItem('Editor').click();
  const text = lab.page.locator('.jp-Document:not(.lm-mod-hidden) .cm-content');
  await expect(text).toContainText('"source": "clean"');
  await lab.closeTab('penguins.nbflow');
  await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.arrows).toHaveCount(6);

  const file = server.file('penguins.nbflow');
  const edited = JSON.parse(await readFile(file, 'utf8'));
  edited.nodes.clean.label = 'Scrub';
  await writeFile(file, JSON.stringify(edited)); // by another program: no version has it
  await lab.file('penguins.nbflow').click({ button: 'right' });
  await lab.menuItem('Show History').click();
  const history = lab.page.locator('.nby-History');
  await history.getByText('Version 1', { exact: true }).click();
  await history.getByRole('button', { name: 'Restore Version 1' }).click();
  await expect.poll(() => readFile(file, 'utf8')).not.toContain('Scrub');
  await expect(history.getByText('Version 3', { exact: true })).toBeVisible();
  await history.getByText('Version 2', { exact: true }).click();
  await lab.page.screenshot({ path: info.outputPath('history.png') });
  await history.getByRole('button', { name: 'Restore Version 2' }).click();
  await expect.poll(() => readFile(file, 'utf8')).toContain('Scrub');
  await lab.tab('penguins.nbflow').first().click();
  await expect(canvas.card('Scrub')).toBeVisible();
  await expect(lab.tab('penguins.nbflow').first()).not.toHaveClass(/jp-mod-dirty/);
});

test('K4: a missing input marks its node and blocks Run, saying where', async ({ lab }) => {
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.arrows).toHaveCount(6);
  const train = canvas.card('train.ipynb');
  await train.click();
  await expect(train).toHaveClass(/selected/);
  await lab.press('Delete');
  await expect(train).toHaveCount(0);
  await expect(canvas.strip).toContainText('problem');
  await expect(canvas.card('evaluate.py')).toContainText(/model/);
  await canvas.stage.focus();
  await lab.press('Control+Enter');
  await expect(canvas.notice).toContainText(/model|test/);
  await expect(canvas.card('evaluate.py')).toHaveClass(/selected/);
  await expect(lab.drawer.root).toHaveCount(0);
});

test(
  'K7: what is no value of its field blocks Run, saying where, until it is corrected',
  { tag: '@long' },
  async ({ lab }) => {
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.arrows).toHaveCount(6);
    await canvas.card('train.ipynb').click();
    const strength = canvas.inspector.getByLabel('strength', { exact: true });
    await strength.fill('zz');
    await canvas.card('clean.ipynb').click();
    await expect(canvas.strip).toContainText('1 problem');
    await expect(canvas.card('train.ipynb')).toContainText('strength: Enter a number.');
    await lab.press('Control+Enter');
    await expect(canvas.notice).toHaveText('train.ipynb: strength: Enter a number.');
    await expect(lab.drawer.root).toHaveCount(0);
    await expect(strength).toHaveValue('zz');
    await strength.fill('2');
    await lab.press('Control+Enter');
    await lab.drawer.succeeds();
    await expect(canvas.strip).not.toContainText('problem');
  }
);

test(
  'K2: cards stay large enough to read, the first ones in view, whatever is open beside',
  { tag: '@long' },
  async ({ lab }) => {
    await lab.page.setViewportSize({ width: 1400, height: 850 });
    const canvas = await lab.openWorkflow('penguins.nbflow', { whole: false });
    await expect(canvas.arrows).toHaveCount(6);
    const first = canvas.card('penguins.csv');
    const isReadable = () =>
      expect(async () => {
        const [stage, card] = [await canvas.stage.boundingBox(), await first.boundingBox()];
        expect(card!.x).toBeGreaterThanOrEqual(stage!.x);
        expect(card!.y).toBeGreaterThanOrEqual(stage!.y);
        expect(card!.y + card!.height).toBeLessThanOrEqual(stage!.y + stage!.height);
        const width = await first.evaluate(card => (card as HTMLElement).offsetWidth);
        expect(card!.width / width).toBeGreaterThanOrEqual(0.74);
      }).toPass({ timeout: 40_000 });
    await isReadable();
    await canvas.stage.focus();
    await lab.press('Control+Enter');
    await lab.drawer.succeeds();
    await lab.press(']');
    await expect(canvas.inspector).toBeVisible();
    await isReadable();
    await lab.press('f');
    await canvas.isTidy(); // all of it, since that was asked for
  }
);

test('K8: run up to here and from here', { tag: '@long' }, async ({ lab }) => {
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.arrows).toHaveCount(6);
  await canvas.card('train.ipynb').click({ button: 'right' });
  await lab.menuItem(/^Run$/).click();
  await lab.menuItem('Run up to Here').click();
  await lab.drawer.succeeds();
  await expect(canvas.stateOf('train')).toContainText('succeeded');
  await expect(canvas.stateOf('report')).toHaveCount(0);

  await canvas.card('evaluate.py').click({ button: 'right' });
  await lab.menuItem(/^Run$/).click();
  await lab.menuItem('Run from Here').click();
  await expect(lab.drawer.root).toContainText('#2');
  await lab.drawer.succeeds();
  await expect(canvas.stateOf('report')).toContainText('succeeded');

  // what the second run does not touch stays, also for a new window
  for (const reload of [false, true]) {
    if (reload) {
      await canvas.save();
      await lab.page.reload();
    }
    await expect(canvas.stateOf('train')).toHaveAttribute('title', /run 1/);
    await expect(canvas.stateOf('report')).not.toHaveAttribute('title', /run 1/);
    for (const title of ['penguins.csv', 'train.ipynb', 'report.ipynb']) {
      await expect(canvas.preview(title)).toBeVisible();
    }
  }
});
