import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

/** Logs a loss, and fails for a rate of 0. */
const FIT = `import nbyard
print(f"fitting with {rate}")
nbyard.log_metric("loss", 1 / rate)`;

test(
  'K10: a swept parameter runs its notebook once for each value',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { drawer, page } = lab;
    await writeFile(server.file('fit.ipynb'), notebook(parameters('rate = 1'), FIT));
    const flow = workflow({ fit: { path: 'fit.ipynb', at: [0, 0] } });
    await writeFile(server.file('sweep.nbflow'), flow);
    const canvas = await lab.openWorkflow('sweep.nbflow');
    const { inspector } = canvas;
    await lab.execute('nbyard:toggle-inspector');
    await canvas.card('fit.ipynb').click();
    const elements = inspector.getByLabel('Elements');
    await inspector.getByText('For Each', { exact: true }).click();
    await elements.selectOption('values of a JSON list');
    await expect(inspector).toContainText('each needs a connection');
    await elements.selectOption('none: the node runs once');
    await inspector.getByRole('button', { name: 'Sweep… rate' }).click();
    await inspector.getByLabel('rate').fill('4, 2, 0, 1');
    await page.keyboard.press('Enter');
    await expect(inspector).toContainText('4 elements');
    await expect(canvas.card('fit.ipynb').getByText('×4')).toBeVisible();
    await inspector.getByLabel('Stop after failures').fill('all');
    await page.keyboard.press('Enter');
    await expect(canvas.output('fit.ipynb', '@all')).toBeVisible();
    const found = await violationsIn(page, '.nby-Inspector');
    expect(found).toEqual([]);
    await canvas.save();
    const { nodes } = JSON.parse(await readFile(server.file('sweep.nbflow'), 'utf8'));
    const each = { kind: 'grid', values: { rate: [4, 2, 0, 1] } };
    expect(nodes.fit.map).toEqual({ each, on_failure: 'all' });

    await canvas.button('run-workflow').click();
    await drawer.succeeds();
    const bar = canvas.card('fit.ipynb').getByRole('img', { name: '4 elements' });
    await expect(bar).toHaveAccessibleName('4 elements, 3 succeeded, 1 failed');
    await expect(canvas.card('fit.ipynb')).toContainText('1 failed');
    await expect(canvas.cards).toHaveCount(1);
    await canvas.card('fit.ipynb').screenshot({ path: info.outputPath('card.png') });

    const table = drawer.body.getByRole('grid', { name: 'Elements of “fit.ipynb”' });
    await expect(table.getByRole('row')).toHaveText([
      /^Element/,
      /^rate=4.*succeeded.*0.25/,
      /^rate=2.*succeeded.*0.5/,
      /^rate=0.*failed.*ZeroDivisionError/,
      /^rate=1.*succeeded/
    ]);
    await table.getByRole('button', { name: 'loss' }).click();
    await expect(table.getByRole('row').nth(1)).toHaveText(/^rate=1/);
    await page.screenshot({ path: info.outputPath('light.png') });
    await lab.theme('JupyterLab Dark');
    await page.screenshot({ path: info.outputPath('dark.png') });
    await lab.theme('JupyterLab Light');
    expect(await violationsIn(page, '.nby-RunView')).toEqual([]);
    await drawer.body.getByRole('button', { name: 'failed 1' }).click();
    await expect(table.getByRole('row')).toHaveCount(2);
    await drawer.body.getByRole('button', { name: 'All 4' }).click();
    await table.getByRole('button', { name: 'Log of rate=2' }).click();
    await expect(drawer.body.getByRole('log')).toContainText('fitting with 2');
    await drawer.tab('Output');
    await expect(drawer.body).toContainText('nbyard.log_metric("loss", 1 / rate)');
    await drawer.body.getByRole('button', { name: 'Open Executed Notebook' }).click();
    await expect(page.locator('.nby-Executed')).toContainText('fit.ipynb rate=2');
  }
);
