import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { violationsIn } from '../lab/axe';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const PICTURE = resolve(__dirname, '../../docs/images/own-folder.png');
const STEPS = ['clean', 'train', 'evaluate', 'report'];

/** The training takes long enough to be measured several times. */
async function trainSlowly(server: LabServer): Promise<void> {
  const notebook = JSON.parse(await readFile(server.file('train.ipynb'), 'utf8'));
  const empty = { cell_type: 'code', metadata: {}, outputs: [], execution_count: null };
  notebook.cells.push({ ...empty, id: 'rest', source: 'import time\ntime.sleep(3)' });
  await writeFile(server.file('train.ipynb'), JSON.stringify(notebook));
}

test(
  'K5, K7, K8: the example runs; after a change only what it affects runs again',
  { tag: '@long' },
  async ({ lab, server }) => {
    await trainSlowly(server);
    const source = await readFile(server.file('train.ipynb'));
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.cards).toHaveCount(5);
    await expect(canvas.arrows).toHaveCount(6);
    await lab.click(canvas.button('run-workflow'));
    await lab.drawer.succeeds();
    for (const node of STEPS) {
      await expect(canvas.stateOf(node)).toContainText('succeeded');
      await expect(lab.drawer.step(node)).toContainText('no earlier result');
    }
    expect(await readFile(server.file('train.ipynb'))).toEqual(source);
    await lab.drawer.tab('Gantt');
    const bar = lab.drawer.body.getByRole('button', { name: /^train.ipynb: succeeded/ });
    await expect(bar).toHaveAccessibleName(/queued .*preparing .*starting .*running .*publishing/);
    await lab.drawer.tab('Resources');
    await lab.drawer.choose('train');
    await expect(
      lab.drawer.body.getByRole('img', { name: /^CPU.* over time, maximum / })
    ).toBeVisible();
    await expect(lab.drawer.body.getByRole('img', { name: /^Memory over time/ })).toBeVisible();
    await lab.drawer.body.getByRole('button', { name: 'As Table' }).click();
    await expect(lab.drawer.row('MiB').first()).toBeVisible();
    await lab.drawer.tab('Metrics');
    await lab.drawer.choose('evaluate');
    await expect(lab.drawer.row('accuracy')).toContainText(/0\.9.*metrics/);
    await lab.drawer.tab('Tasks');
    await lab.drawer.step('train').click();
    await lab.drawer.body.getByRole('button', { name: 'output_model' }).click();
    const model = lab.drawer.body.getByRole('region', { name: 'Model output_model' });
    await expect(model).toContainText(/Pipeline.*bill_length.*mass/);
    await expect(model.getByRole('button', { name: 'Deploy' })).toBeVisible();
    const time = await lab.drawer.step('train').locator('.nby-Steps-time').innerText();
    await expect(canvas.card('train.ipynb')).toContainText(time);
    await lab.drawer.tab('Gantt');
    await expect(bar).toContainText(time);
    await lab.drawer.tab('Tasks');
    await lab.drawer.body.getByRole('button', { name: 'output_test' }).click();
    await canvas.stage.click({ position: { x: 20, y: 20 } });
    await lab.click(canvas.button('toggle-inspector'));
    const seed = canvas.inspector.getByRole('group', { name: 'seed' }).getByLabel('Default');
    await seed.fill('8');
    await seed.press('Enter');
    await canvas.stage.focus();
    await lab.press(']'); // the last cards are beyond the inspector
    await lab.press('Control+Enter');
    await expect(lab.drawer.root).toContainText('#2');
    await lab.drawer.succeeds();
    await expect(canvas.stateOf('clean')).toContainText('cached');
    await expect(lab.drawer.step('clean')).toContainText(/cached.*nothing changed since run 1/);
    for (const node of ['train', 'evaluate']) {
      await expect(canvas.stateOf(node)).toContainText('succeeded');
      await expect(lab.drawer.step(node)).toContainText('runs because');
    }
    await expect(lab.drawer.step('train')).toContainText('seed');
  }
);

test(
  'R2, R9, K5: a failing cell is shown where it is; what follows is skipped; a retry keeps the rest',
  { tag: '@long' },
  async ({ lab, server }) => {
    const notebook = JSON.parse(await readFile(server.file('train.ipynb'), 'utf8'));
    notebook.cells[3].source = ['print("so far")\n', 'raise ValueError("no such penguin")'];
    await writeFile(server.file('train.ipynb'), JSON.stringify(notebook));
    const clean = JSON.parse(await readFile(server.file('clean.ipynb'), 'utf8'));
    const figure = `from IPython.display import Image\nImage(${JSON.stringify(PICTURE)})`;
    clean.cells.push({ ...clean.cells.at(-1), id: 'figure', source: figure, outputs: [] });
    await writeFile(server.file('clean.ipynb'), JSON.stringify(clean));

    const canvas = await lab.openWorkflow('penguins.nbflow');
    await lab.click(canvas.button('run-workflow'));
    await expect(lab.drawer.state).toHaveText('failed', { timeout: 60_000 });
    await expect(canvas.preview('clean.ipynb').locator('img')).toBeVisible();
    await expect(canvas.stateOf('clean')).toContainText('succeeded');
    await expect(canvas.stateOf('train')).toContainText('failed');
    await expect(canvas.stateOf('evaluate')).toContainText('skipped');
    await expect(canvas.stateOf('report')).toContainText('skipped');
    const { failure } = lab.drawer;
    await expect(failure).toContainText('ValueError: no such penguin');
    await expect(failure).toContainText('cell 4'); // as it is written, without the values put in
    await expect(failure.locator('code.nby-Failure-own')).toHaveText(
      'raise ValueError("no such penguin")'
    );
    await expect(lab.drawer.step('train')).toContainText('cell 4');
    await expect(lab.drawer.root).toContainText('failed at 2 of 4');

    await lab.theme('JupyterLab Dark High Contrast');
    expect(await violationsIn(lab.page, ['.nby-CanvasPanel', '.nby-RunView'])).toEqual([]);
    await lab.theme('JupyterLab Light');

    await canvas.card('clean.ipynb').click({ button: 'right' });
    await lab.menuItem('Run Info').click();
    await lab.menuItem('Show Log').click();
    const logs = lab.drawer.root.getByRole('tab', { name: 'Logs' });
    await expect(logs).toHaveAttribute('aria-selected', 'true');

    await failure.getByRole('button', { name: 'Show Failing Cell' }).click();
    const failing = lab.drawer.body.getByRole('region', { name: 'Cell 4' });
    await expect(failing).toBeInViewport();
    await expect(failing).toContainText('so far');
    await expect(failing).toContainText('ValueError');

    await failure.getByRole('button', { name: 'Open Executed Notebook' }).click();
    const executed = lab.page.locator('.nby-Executed');
    await expect(executed.getByRole('region', { name: 'Cell 4' })).toContainText('no such penguin');
    await expect(executed.getByRole('region', { name: 'Cell 5' })).toContainText('[ ]');

    await lab.page.getByRole('button', { name: 'Retry From Failure' }).click();
    await expect(lab.drawer.root).toContainText('#2');
    await expect(lab.drawer.state).toHaveText('failed', { timeout: 30_000 });
    await expect(lab.drawer.step('clean')).toContainText('result of run 1');

    await expect(failure).toContainText('cell 4'); // the failure comes after the state
    await failure.getByRole('button', { name: 'Edit Source' }).click();
    const source = lab.page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
    await expect(source).toContainText('raise ValueError("no such penguin")');
    await expect(source).toBeInViewport();
    await expect(lab.page.locator('#jp-main-statusbar')).toContainText('Ln 2, Col 1');
  }
);
