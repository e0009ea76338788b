import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

const VIEW = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View';
const THEMES = ['JupyterLab Dark', 'JupyterLab Dark High Contrast', 'JupyterLab Light'];

/** Look for barriers in all themes. */
async function isClean(lab: Lab, place: string, picture: (name: string) => string): Promise<void> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await lab.theme(theme);
    const violations = await violationsIn(lab.page, place);
    found.push(...violations.map(({ id, nodes }) => `${theme} ${id}: ${nodes[0].failureSummary}`));
    await lab.page.screenshot({ path: picture(`${theme}.png`) });
  }
  expect(found).toEqual([]);
}

test('R15: from a dataset forward to what was made with it, and back from a result', async ({
  lab,
  server
}, info) => {
  await server.post('datasets', { source: { kind: 'file', path: 'penguins.csv' }, name: 'birds' });
  await lab.panel();
  await expect(lab.row('dataset', 'birds')).toContainText('×');
  const document = {
    version: 1,
    meta: { id: 'lineage', title: 'Lineage' },
    nodes: {
      data: { type: 'dataset', dataset: 'birds' },
      clean: { type: 'executable', path: 'clean.ipynb' },
      train: { type: 'executable', path: 'train.ipynb' }
    },
    edges: {
      a: { source: 'data', output: 'data', target: 'clean', input: 'input_csv' },
      b: { source: 'clean', output: 'output_csv', target: 'train', input: 'input_csv' }
    }
  };
  await writeFile(server.file('lineage.nbflow'), JSON.stringify(document));
  await server.post('runs', { path: 'lineage.nbflow' });
  const run = lab.row('run', 'Lineage');
  await expect(run).toContainText('succeeded', { timeout: 120_000 });

  await lab.row('dataset', 'birds').dblclick();
  const view = lab.page.locator(VIEW);
  await view.getByRole('tab', { name: 'Lineage' }).click();
  const graph = view.getByRole('group', { name: 'Lineage' });
  const node = (name: RegExp) => graph.getByRole('button', { name });
  await expect(node(/^birds, Dataset · version 1, used for clean/)).toBeVisible();
  await expect(node(/^train.*, Task · run 1/)).toBeVisible();
  const places = await graph
    .getByRole('button')
    .evaluateAll(all => all.map(one => one.getBoundingClientRect().left));
  expect(Math.min(...places)).toBe(places[0]); // from left to right
  await isClean(lab, VIEW, name => info.outputPath(`dataset ${name}`));

  await node(/^birds/).focus();
  await lab.press('ArrowRight');
  await expect(node(/^clean.*, Task/)).toBeFocused();
  await lab.press('Enter');
  await lab.drawer.tab('Lineage');
  const below = lab.drawer.body.getByRole('group', { name: 'Lineage' });
  await expect(below.getByRole('button', { name: /^birds, Dataset/ })).toBeVisible();
  await expect(below.getByRole('button', { name: /^clean.*, Code · version 1/ })).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('run.png') });
  await below.getByRole('button', { name: /^train.*, Code/ }).dblclick();
  await expect(lab.tab('train')).toHaveClass(/jp-mod-current/);
});

test('R15: a run is exported as an RO-Crate', { tag: '@long' }, async ({ lab, server }, info) => {
  await lab.openWorkflow('penguins.nbflow');
  await server.post('runs', { path: 'penguins.nbflow' });
  await lab.panel();
  const run = lab.row('run', 'Penguins');
  await expect(run).toContainText('succeeded', { timeout: 120_000 });
  await run.click({ button: 'right' });
  await lab.menuItem('Export…').click();
  await lab.page.screenshot({ path: info.outputPath('export.png') });
  const [download] = await Promise.all([
    lab.page.waitForEvent('download'),
    lab.dialog.getByRole('button', { name: 'Export' }).click()
  ]);
  expect(download.suggestedFilename()).toMatch(/-run-\d+\.crate\.zip$/);
});

test(
  'R15: past due times of an automation are run, followed, stopped and resumed',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('report.py'), 'import time\ntime.sleep(1)\nprint("done")\n');
    const on = { kind: 'phrase', text: 'daily at 8:00' };
    const schedule = {
      run: { path: 'report.py' },
      on,
      zone: 'Europe/Berlin',
      is_enabled: false
    };
    await server.post('automations', { ...schedule, name: 'report' });
    await lab.panel();
    const row = lab.row('automation', 'report');
    await row.click({ button: 'right' });
    await lab.menuItem('Backfill…').click();
    const { dialog } = lab;
    const from = dialog.getByLabel('From');
    await expect(from).toBeFocused();
    await from.fill('2026-01-05T00:00');
    await dialog.getByLabel('Until').fill('2026-01-01T00:00');
    await expect(dialog.getByRole('alert')).toBeVisible();
    await dialog.getByLabel('Until').fill('2026-01-09T00:00');
    await expect(dialog.getByText(/^4 runs for 4 due times/)).toBeVisible();
    await expect(dialog.getByText('2026-01-05 08:00')).toBeVisible();
    await isClean(lab, '.jp-Dialog', name => info.outputPath(`backfill ${name}`));
    await dialog.getByRole('button', { name: 'Start' }).click();
    const list = dialog.getByRole('region', { name: 'Backfills' });
    const state = list.getByRole('status');
    await expect(state).toContainText(/1 active/);
    await list.getByRole('button', { name: 'Stop Backfill' }).click();
    await expect(state).toContainText('cancelled');
    await expect(state).not.toContainText('active', { timeout: 60_000 });
    await lab.page.screenshot({ path: info.outputPath('stopped.png') });
    await list.getByRole('button', { name: 'Resume' }).click();
    await expect(dialog.getByLabel('From')).toHaveValue('2026-01-05T00:00');
    await expect(dialog.getByText(/runs for 4 due times/)).toBeVisible();
    await expect(dialog.getByText('(already succeeded)').first()).toBeVisible();
    await dialog.getByLabel('Runs at a time').fill('4');
    await dialog.getByRole('button', { name: 'Start' }).click();
    await expect(state.first()).toContainText('done', { timeout: 120_000 });
    await expect(state.first()).toContainText('succeeded');
    await lab.page.screenshot({ path: info.outputPath('done.png') });
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(dialog).toHaveCount(0);
  }
);
