import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { IN, notebook, OUT, parameters, script, workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

/** Logs a loss, and fails for a rate of 0. */
const FIT = `import nbyard
print(f"fitting with {rate}")
nbyard.log_metric("loss", 1 / rate)`;

test('K10: a swept parameter, and the star of its best element, take three actions', async ({
  lab,
  server
}, info) => {
  const { drawer, page } = lab;
  await writeFile(server.file('fit.ipynb'), notebook(parameters('rate = 1'), FIT));
  const flow = workflow({ fit: { path: 'fit.ipynb', at: [0, 0] } });
  await writeFile(server.file('sweep.nbflow'), flow);
  const canvas = await lab.openWorkflow('sweep.nbflow');
  const { inspector } = canvas;
  await lab.execute('nbyard:toggle-inspector');
  await canvas.card('fit.ipynb').click();
  const table = drawer.body.getByRole('grid', { name: 'Elements of “fit.ipynb”' });
  const row = (place: number) => table.getByRole('row').nth(place);
  const elements = inspector.getByLabel('Elements');
  await inspector.getByText('For Each', { exact: true }).click();
  await elements.selectOption('values of a JSON list');
  await expect(inspector).toContainText('each needs a connection');
  await elements.selectOption('none: the node runs once');

  lab.actions = 0;
  await lab.click(inspector.getByRole('button', { name: 'Sweep… rate' }));
  await inspector.getByLabel('rate').fill('1, 4, 2');
  await lab.press('Control+Enter');
  await drawer.succeeds();
  await expect(canvas.root.locator('.nby-Canvas-tip')).toHaveCount(0);
  await expect(row(1)).toHaveText(/^☆rate=4best.*succeeded.*0.25/);
  await lab.click(row(1).getByRole('button', { name: 'Star rate=4' }));
  lab.did('sweep');
  await expect(drawer.root.getByTitle(/^Tag: star/)).toHaveText('★ rate=4');
  await expect(canvas.card('fit.ipynb').getByText('×3')).toBeVisible();

  await inspector.getByLabel('rate').fill('4, 2, 0, 1');
  await page.keyboard.press('Enter');
  await expect(inspector).toContainText('4 elements');
  await inspector.getByLabel('Stop after failures').fill('all');
  await page.keyboard.press('Enter');
  await expect(canvas.output('fit.ipynb', '@all')).toBeVisible();
  expect(await violationsIn(page, '.nby-Inspector')).toEqual([]);
  await canvas.save();
  const { nodes } = JSON.parse(await readFile(server.file('sweep.nbflow'), 'utf8'));
  const each = { kind: 'grid', values: { rate: [4, 2, 0, 1] } };
  expect(nodes.fit.map).toEqual({ each, on_failure: 'all' });

  await canvas.button('run-workflow').click();
  const bar = canvas.card('fit.ipynb').getByRole('img', { name: '4 elements' });
  await expect(bar).toHaveAccessibleName('4 elements, 3 succeeded, 1 failed');
  await expect(canvas.card('fit.ipynb')).toContainText('1 failed');
  await canvas.card('fit.ipynb').screenshot({ path: info.outputPath('card.png') });
  await expect(table.getByRole('row')).toHaveText([
    /Element/,
    /^☆rate=4best.*cached.*0.25/,
    /^☆rate=2.*cached.*0.5/,
    /^☆rate=1.*cached/,
    /^☆rate=0.*failed.*ZeroDivisionError/
  ]);
  await drawer.body.getByLabel('Best value').selectOption('highest');
  await expect(row(1)).toHaveText(/^☆rate=1best/);
  await drawer.body.getByRole('button', { name: 'Chart' }).click();
  await expect(drawer.body.locator('.nby-Parallel-best')).toBeVisible();
  await page.screenshot({ path: info.outputPath('light.png') });
  await lab.theme('JupyterLab Dark');
  await page.screenshot({ path: info.outputPath('dark.png') });
  await lab.theme('JupyterLab Light');
  expect(await violationsIn(page, '.nby-RunView')).toEqual([]);
  await drawer.body.getByRole('button', { name: 'failed 1' }).click();
  await expect(table.getByRole('row')).toHaveCount(2);
  await drawer.body.getByRole('button', { name: 'All 4' }).click();
  await table.getByRole('button', { name: 'rate=0', exact: true }).click();
  await expect(drawer.body).toContainText('ZeroDivisionError: division by zero');
  await page.screenshot({ path: info.outputPath('element.png') });
  await table.getByRole('button', { name: 'Log of rate=2' }).click();
  await expect(drawer.body.getByRole('log')).toContainText('fitting with 2');
  await drawer.tab('Output');
  await expect(drawer.body).toContainText('nbyard.log_metric("loss", 1 / rate)');
  await drawer.body.getByRole('button', { name: 'Open Executed Notebook' }).click();
  await expect(page.locator('.nby-Executed')).toContainText('fit.ipynb rate=2');
});

const N = { name: 'n', role: 'value', type: 'int', default: 0 };
const MAP = { each: { kind: 'list', over: 'n' }, on_failure: 'all' };

function edge(source: string, output: string, target: string, input: string) {
  return { source, output, target, input };
}

/** Elements that are known at run time, of which one fails, and a node that follows them. */
async function makeWorkflow(server: LabServer): Promise<void> {
  await script(server, 'numbers.sh', 'echo "[1, 2, 3]" > "$OUT"\n', OUT);
  const variable = { kind: 'variable', variable: 'N' };
  const work = 'test "$N" != 2\necho "$N" > "$OUT"\n';
  await script(server, 'square.sh', `set -e\n${work}`, { ...N, reach: variable }, OUT);
  await script(server, 'double.sh', 'cat "$SOURCE" "$SOURCE" > "$OUT"\n', IN, OUT);
  const nodes = {
    numbers: { type: 'executable', path: 'numbers.sh' },
    square: { type: 'executable', path: 'square.sh', map: MAP },
    double: { type: 'executable', path: 'double.sh' }
  };
  const edges = {
    first: edge('numbers', 'out', 'square', '@each'),
    second: edge('square', 'out', 'double', 'source')
  };
  const positions = { numbers: [0, 0], square: [400, 0], double: [800, 0] };
  await writeFile(
    server.file('maps.nbflow'),
    JSON.stringify({ version: 1, meta: {}, nodes, edges, positions })
  );
}

test('K10: a map shows its state on its card, and its elements in Run Info', async ({
  lab,
  server
}, info) => {
  await makeWorkflow(server);
  const canvas = await lab.openWorkflow('maps.nbflow');
  await canvas.button('run-workflow').click();
  await lab.drawer.succeeds();
  await expect(canvas.stateOf('square')).toContainText('2 of 3 elements succeeded, 1 failed');
  await expect(canvas.stateOf('double')).toContainText('1 skipped');
  await lab.drawer.step('square').click();
  const table = lab.drawer.body.getByRole('grid', { name: 'Elements of “square.sh”' });
  await expect(table.getByRole('row')).toHaveText([/Element/, /^☆n=1/, /^☆n=2.*failed/, /^☆n=3/]);
  await lab.page.screenshot({ path: info.outputPath('maps.png') });
  const document = JSON.parse(await readFile(server.file('maps.nbflow'), 'utf8'));
  expect(document.nodes.square.map).toEqual(MAP);
  expect(Object.keys(document.edges)).toHaveLength(2);
});
