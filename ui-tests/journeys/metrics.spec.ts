import { writeFile } from 'node:fs/promises';
import { notebook, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

/** Records a point each time the folder gets another file, until it is told to end. */
const train = (name: string) => `import time
from pathlib import Path
import nbyard
place, step = Path("PLACE"), 0
while not (place / "end").exists():
    while not (place / f"{step}").exists() and not (place / "end").exists():
        time.sleep(0.05)
    nbyard.log_metric("${name}", 1 / (step + 1), step=step)
    nbyard.log_metric("rows", float("nan") if step == 1 else step * 10, step=step)
    step += 1`;

test(
  'R16 in part: metrics of two running steps are drawn as they come',
  { tag: '@long' },
  async ({ lab, server }) => {
    const { drawer } = lab;
    for (const name of ['loss', 'error']) {
      const source = train(name).replace('PLACE', server.file('.'));
      await writeFile(server.file(`${name}.ipynb`), notebook(source));
    }
    const flow = workflow({
      loss: { path: 'loss.ipynb', at: [0, 0] },
      error: { path: 'error.ipynb', at: [0, 200] }
    });
    await writeFile(server.file('train.nbflow'), flow);
    const canvas = await lab.openWorkflow('train.nbflow');
    await canvas.button('run-workflow').click();
    await drawer.tab('Metrics');
    await drawer.body.getByLabel('Task').selectOption('loss');
    await expect(drawer.body).toContainText('No metrics yet.');

    await writeFile(server.file('0'), '');
    await expect(drawer.body.getByRole('img', { name: 'loss: 1 points, now 1' })).toBeVisible();
    await writeFile(server.file('1'), '');
    await writeFile(server.file('2'), '');
    const line = drawer.body.getByRole('img', { name: 'loss: 3 points, now 0.33333' });
    await expect(line).toBeVisible();
    await expect(drawer.body.getByRole('img', { name: 'rows: 3 points, now 20' })).toBeVisible();
    await drawer.body.getByLabel('Task').selectOption('error');
    await expect(drawer.body.getByRole('img', { name: /^error: 3 points/ })).toBeVisible();
    await writeFile(server.file('end'), '');
    await expect(drawer.state).toHaveText('succeeded', { timeout: 30_000 });
    await drawer.body.getByRole('button', { name: 'As Table' }).click();
    await expect(drawer.body.getByRole('row', { name: /^rows 4 / })).toBeVisible();
  }
);
