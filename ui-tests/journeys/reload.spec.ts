import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

/** A notebook that makes the file `arrives` and goes on when the file `waits` is there. */
function notebook(server: LabServer, arrives: string, waits: string): string {
  const source = [
    'from pathlib import Path',
    'from time import sleep',
    `Path(${JSON.stringify(server.file(arrives))}).touch()`,
    `while not Path(${JSON.stringify(server.file(waits))}).exists():`,
    '    sleep(0.05)',
    'Path(output_txt).write_text("done")'
  ];
  const code = (text: string, tags: string[] = []) => ({
    cell_type: 'code',
    execution_count: null,
    metadata: { tags },
    outputs: [],
    source: text
  });
  const parameters = 'input_txt = ""  # input: txt\noutput_txt = "o.txt"  # output: txt';
  return JSON.stringify({
    cells: [code(parameters, ['parameters']), code('print("under way")'), code(source.join('\n'))],
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' } },
    nbformat: 4,
    nbformat_minor: 4
  });
}

/** Two notebooks, one after the other; each waits to be let on. */
async function makeSlowWorkflow(server: LabServer): Promise<void> {
  await writeFile(server.file('first.ipynb'), notebook(server, 'first.here', 'first.go'));
  await writeFile(server.file('second.ipynb'), notebook(server, 'second.here', 'second.go'));
  const edge = { source: 'first', output: 'output_txt', target: 'second', input: 'input_txt' };
  const flow = {
    version: 1,
    meta: { id: 'f3a0f1f4-5f6b-4b58-9d9c-3b1b0f1d9a01', title: 'Slow' },
    nodes: {
      first: { type: 'executable', path: 'first.ipynb', arguments: { input_txt: { value: '' } } },
      second: { type: 'executable', path: 'second.ipynb' }
    },
    edges: { 'first.output_txt->second.input_txt': edge },
    positions: { first: [0, 0], second: [360, 60] }
  };
  await writeFile(server.file('slow.nbflow'), JSON.stringify(flow));
}

const letOn = (server: LabServer, name: string) => writeFile(server.file(`${name}.go`), '');
const arrived = (server: LabServer, name: string) =>
  expect.poll(() => existsSync(server.file(`${name}.here`)), { timeout: 45_000 }).toBe(true);

test('K6, R10: a reload in mid-run brings canvas, drawer and states back; a second browser sees them', async ({
  lab,
  anotherLab,
  server
}) => {
  await makeSlowWorkflow(server);
  const canvas = await lab.openWorkflow('slow.nbflow');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await arrived(server, 'first');
  await expect(canvas.stateOf('first')).toContainText('running');
  await expect(lab.drawer.step('first')).toContainText(/cell 3\/3/);

  await lab.reload();
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);
  await expect(canvas.stateOf('first')).toContainText('running');
  await expect(canvas.stateOf('second')).toContainText('waiting');
  await expect(lab.drawer.state).toHaveText('running');
  await expect(lab.drawer.step('first')).toContainText(/cell 3\/3/);

  const other = await anotherLab();
  const watched = await other.openWorkflow('slow.nbflow');
  await expect(watched.stateOf('first')).toContainText('running');
  await other.execute('nbyard:show-run');
  await expect(other.drawer.state).toHaveText('running');

  await letOn(server, 'first');
  for (const one of [canvas, watched]) {
    await expect(one.stateOf('first')).toContainText('succeeded');
    await expect(one.stateOf('second')).toContainText('running');
  }
  await letOn(server, 'second');
  for (const one of [lab, other]) {
    await one.drawer.succeeds();
    await expect(one.canvas.stateOf('second')).toContainText('succeeded');
  }
});

test('R8, K6: a killed server stops nothing; the next one shows the run', async ({
  lab,
  server
}) => {
  await makeSlowWorkflow(server);
  const canvas = await lab.openWorkflow('slow.nbflow');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await arrived(server, 'first');
  await expect(canvas.stateOf('first')).toContainText('running');

  await server.kill();
  for (const place of [canvas.root, lab.drawer.root]) {
    await expect(place.locator('.nby-Away')).toContainText('Reconnecting');
    await expect(place.locator('.nby-Away')).toContainText(/true [1-9]\d* s ago/);
  }
  await letOn(server, 'first');
  await arrived(server, 'second'); // without any server
  await expect(canvas.stateOf('first')).toContainText('running'); // as far as is known here
  await server.start();
  await expect(canvas.stateOf('second')).toContainText('running', { timeout: 45_000 });
  await expect(canvas.stateOf('first')).toContainText('succeeded');
  await expect(lab.drawer.step('first')).toContainText('succeeded');
  await expect(lab.page.locator('.nby-Away')).toHaveCount(0);
  await lab.reload();
  await expect(canvas.stateOf('second')).toContainText('running');
  await expect(lab.drawer.state).toHaveText('running');
  await letOn(server, 'second');
  await lab.drawer.succeeds();
});

test('R7, K5: a run that is stopped ends at once, what follows is skipped', async ({
  lab,
  server
}) => {
  await makeSlowWorkflow(server);
  const canvas = await lab.openWorkflow('slow.nbflow');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.click(canvas.button('run-workflow'));
  await arrived(server, 'first');
  await expect(canvas.stateOf('first')).toContainText('running');
  await canvas.stage.focus();
  await lab.press('Control+.');
  await expect(lab.drawer.state).toContainText('cancelled', { timeout: 10_000 });
  await expect(canvas.stateOf('first')).toContainText('cancelled');
  await expect(canvas.stateOf('second')).toContainText(/skipped|cancelled/);
});
