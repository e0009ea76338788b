import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { IN, OUT, script, workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

/** Something that makes other bytes each time, and something that takes them. */
async function makeWorkflow(server: LabServer): Promise<void> {
  await script(server, 'draw.sh', 'date +%N > "$OUT"\n', OUT);
  await script(server, 'use.sh', 'cat "$SOURCE" > "$OUT"\n', IN, OUT);
  const nodes = {
    draw: { path: 'draw.sh', at: [0, 0] as [number, number] },
    use: { path: 'use.sh', at: [400, 0] as [number, number] }
  };
  await writeFile(server.file('pins.nbflow'), workflow(nodes, 'draw.out->use.source'));
}

async function saved(server: LabServer) {
  return JSON.parse(await readFile(server.file('pins.nbflow'), 'utf8')).nodes.draw;
}

async function axe(lab: Lab, ...places: string[]): Promise<void> {
  for (const place of places) {
    const violations = await violationsIn(lab.page, place);
    expect(violations.map(({ id, nodes }) => `${id} at ${nodes[0].target}`)).toEqual([]);
  }
}

test(
  'K8: a result is pinned, taken by later runs, undone, chosen in the inspector, and missed',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await makeWorkflow(server);
    const canvas = await lab.openWorkflow('pins.nbflow');
    await canvas.button('run-workflow').click();
    await lab.drawer.succeeds();
    const draw = canvas.card('draw.sh');
    await draw.click({ button: 'right' });
    await lab.menuItem('Pin').click();
    await lab.menuItem('Pin Result').click();
    await expect(canvas.notice).toContainText('Pinned to the result of run 1.');
    await expect(draw).toContainText('run 1');

    await lab.execute('nbyard:run-workflow-anew');
    await expect(lab.drawer.root).toContainText('#2');
    await lab.drawer.succeeds();
    await expect(canvas.stateOf('draw')).toContainText('pinned to the result of run 1');
    await expect(canvas.stateOf('use')).toContainText('the cache was ignored on request');
    await expect(lab.drawer.step('draw')).toContainText('pinned to the result of run 1');
    expect((await saved(server)).pin.number).toBe(1);
    await lab.page.screenshot({ path: info.outputPath('pinned.png') });

    await draw.click({ button: 'right' });
    await lab.menuItem('Pin').click();
    await expect(lab.menuItem('Unpin Result')).toBeVisible();
    await lab.menuItem('Pin Another Result').click();
    await canvas.picker.getByText('run 2').click();
    await expect(draw).toContainText('run 2');
    await canvas.stage.focus();
    await lab.press('Control+z');
    await expect(draw).toContainText('run 1');

    await lab.press('Control+z');
    await expect(draw.getByText('run 1', { exact: true })).toHaveCount(0);
    await lab.press('Control+Shift+z');
    await expect(draw.getByText('run 1', { exact: true })).toBeVisible();

    await lab.execute('nbyard:toggle-inspector');
    await draw.click();
    const { inspector } = canvas;
    await expect(inspector).toContainText('Pinned to the result of run 1. The node does not run.');
    const result = inspector.getByLabel('Result', { exact: true });
    await expect(result.locator('option')).toHaveCount(3); // new in each run, run 2, run 1
    const [first] = await result.locator('option').filter({ hasText: 'run 1 ·' }).all();
    await result.selectOption((await first.getAttribute('value'))!);
    await inspector.getByRole('button', { name: 'Unpin' }).click();
    await expect(draw.getByText('run 1', { exact: true })).toHaveCount(0);

    await inspector.getByText('Limits, retries and cache').click();
    await inspector.getByLabel('Use cached results').selectOption('age');
    const age = inspector.getByLabel('Maximum age of results');
    await age.fill('often');
    await age.press('Enter');
    await expect(inspector.getByRole('alert').first()).toContainText('an age such as 24 h');
    await lab.page.screenshot({ path: info.outputPath('inspector.png') });
    await axe(lab, '.nby-CanvasPanel', '.nby-RunView');
    await age.fill('30 min');
    await age.press('Enter');
    const retries = inspector.getByLabel('Retries', { exact: true });
    await retries.fill('-1');
    await retries.press('Enter');
    await expect(retries).toHaveAccessibleDescription(/must be from 0 to 20/);
    await retries.fill('2');
    await retries.press('Enter');
    await inspector.getByLabel('a time limit').uncheck();
    await canvas.save();
    const { cache, retries: times, retry_on: kinds } = await saved(server);
    expect([cache, times, kinds.includes('timeout'), kinds.length]).toEqual([
      '30 min',
      2,
      false,
      5
    ]);

    await result.selectOption((await first.getAttribute('value'))!);
    await canvas.save();
    expect((await server.ask('DELETE', 'runs/1')).status).toBe(204);
    await canvas.button('run-workflow').click();
    const words = 'The node is pinned to run 1, which does not exist';
    await expect(canvas.strip).toContainText(words);
    await expect(draw).toContainText(words);
    await lab.page.screenshot({ path: info.outputPath('gone.png') });
  }
);

test(
  'R9, R11: every attempt has its log; a live run says how long it usually takes',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await script(
      server,
      'late.sh',
      'if [ -e was-here ]; then echo now; sleep 4; echo x > "$OUT"; else touch "$HERE/was-here"; echo no; exit 3; fi\n'
        .replace('-e was-here', `-e ${server.file('was-here')}`)
        .replace('$HERE', server.root),
      OUT
    );
    const nodes = {
      late: { path: 'late.sh', at: [0, 0] as [number, number], retries: 1 },
      other: { path: 'late.sh', at: [400, 0] as [number, number] }
    };
    await writeFile(server.file('pins.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('pins.nbflow');
    const { drawer } = lab;
    await expect(canvas.card('late.sh').last()).toContainText('other'); // one title, told by the id
    await canvas.card('late.sh').first().click();
    await lab.execute('nbyard:run-selected');
    await drawer.succeeds();
    await drawer.step('late').click();
    await expect(drawer.body.locator('.nby-Table tbody tr')).toHaveCount(2);
    await lab.page.screenshot({ path: info.outputPath('attempts.png') });
    await axe(lab, '.nby-RunView');
    await drawer.tab('Gantt');
    await drawer.body.getByRole('button', { name: 'As Table' }).click();
    await expect(drawer.row('failed')).toContainText('1');
    await expect(drawer.row('succeeded')).toContainText('2');
    await drawer.tab('Tasks');
    await drawer.body.getByRole('button', { name: 'Log of attempt 1' }).click();
    await expect(drawer.body.getByRole('log')).toContainText('no');
    await drawer.body.getByLabel('Attempt').selectOption('2');
    await expect(drawer.body.getByRole('log')).toContainText('now');

    await drawer.tab('Tasks');
    await lab.execute('nbyard:run-workflow-anew');
    await expect(drawer.root).toContainText('#2');
    await expect(drawer.step('late')).toContainText(/usually \d+ s \(last run\)/);
    await expect(drawer.root.locator('.nby-RunView-header')).toContainText(/about \d+ s left/);
    await lab.page.screenshot({ path: info.outputPath('estimate.png') });
    await drawer.succeeds();
    await expect(drawer.step('late')).not.toContainText('usually');
  }
);
