/** K15: a workflow is run on a sample, and history shows nothing of it. */
import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { notebook, parameters } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const READ = parameters("input_csv = 'data.csv'", "out = 'out.csv'");
const COUNT = `import shutil
rows = len(open(input_csv).readlines()) - 1
print('rows:', rows)
assert rows < limit
shutil.copy(input_csv, out)`;

/** A table that two notebooks read, one after the other. */
function workflow(): string {
  const edge = (source: string, output: string, target: string) => ({
    ...{ source, output, target, input: 'input_csv' }
  });
  return JSON.stringify({
    version: 1,
    meta: {},
    nodes: {
      data: { type: 'dataset', path: 'data.csv' },
      first: { type: 'executable', path: 'first.ipynb' },
      second: { type: 'executable', path: 'second.ipynb' }
    },
    edges: { a: edge('data', 'data', 'first'), b: edge('first', 'out', 'second') },
    positions: { data: [0, 0], first: [260, 0], second: [560, 0] }
  });
}

test('K15: Check Run uses a sample, is marked, and leaves history and cache as they were', async ({
  lab,
  server
}, info) => {
  await writeFile(server.file('data.csv'), `n\n${'1\n'.repeat(1000)}`);
  await writeFile(server.file('first.ipynb'), notebook(READ, COUNT.replace('limit', '2000')));
  await writeFile(server.file('second.ipynb'), notebook(READ, COUNT.replace('limit', '500')));
  await writeFile(server.file('check.nbflow'), workflow());
  const canvas = await lab.openWorkflow('check.nbflow');
  const forecast = lab.page.locator('.nby-Forecast:visible').getByRole('button');
  await expect(forecast).toHaveText('up to 2 will run');

  await canvas.stage.focus();
  await lab.press('Control+Alt+Enter');
  await lab.drawer.succeeds();
  const header = lab.page.locator('.nby-RunView-header');
  await expect(header.getByText('Check Run', { exact: true })).toBeVisible();
  for (const name of ['first.ipynb', 'second.ipynb']) {
    await expect(canvas.card(name).getByText('Check Run', { exact: true })).toBeVisible();
  }
  await expect(forecast).toHaveText(/^up to 2 will run/);
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(lab.page, ['.nby-Canvas', '.nby-RunDrawer']);
    await lab.page.screenshot({ path: info.outputPath(`${theme.split(' ')[1]}.png`) });
    expect(found.map(({ id, nodes }) => `${id}: ${nodes[0].target}`)).toEqual([]);
  }
  const list = async () => (await (await server.ask('GET', 'runs')).json()).items.length;
  expect(await list()).toBe(0);

  await lab.reload();
  await expect(canvas.card('second.ipynb').getByText('Check Run', { exact: true })).toBeVisible();
  await canvas.button('run-workflow').click();
  await expect(lab.page.locator('.nby-RunView-header').getByText('#1')).toBeVisible();
  await expect(canvas.card('first.ipynb').getByText('Check Run', { exact: true })).toHaveCount(0);
  await expect(canvas.stateOf('second')).toContainText('failed');
  await expect(lab.drawer.failure).toContainText('assert rows < 500');
  expect(await list()).toBe(1);
});
