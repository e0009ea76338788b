/** Pictures of the views in their states: NBYARD_PICTURES=FOLDER npx playwright test pictures */
import { readFile, writeFile } from 'node:fs/promises';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const { NBYARD_PICTURES } = process.env;
const THEMES = { light: 'JupyterLab Light', dark: 'JupyterLab Dark' };
const SIZES = { wide: { width: 1440, height: 900 }, low: { width: 1280, height: 720 } };

test.describe('pictures', () => {
  test.skip(!NBYARD_PICTURES, 'only with NBYARD_PICTURES');

  test('first steps', async ({ lab }) => {
    await take(lab, 'launcher');
    await lab.sidebar();
    await take(lab, 'sidebar-empty');
    await lab.execute('nbyard:create-workflow', { cwd: '' });
    await expect(lab.canvas.stage).toBeVisible();
    await take(lab, 'canvas-empty');
    await lab.execute('nbyard:choose-model');
    await expect(lab.page.locator('.nby-Choices')).toBeVisible();
    await take(lab, 'models-none');
  });

  test('a workflow', async ({ lab, server }) => {
    await slowly(server);
    const canvas = await lab.openWorkflow('penguins.nbflow', { whole: false });
    await expect(canvas.arrows).not.toHaveCount(0);
    await take(lab, 'canvas-editing');
    await canvas.root.locator('.react-flow__node[data-id="clean"]').click();
    await expect(canvas.inspector).toBeVisible();
    await take(lab, 'inspector');
    await canvas.stage.focus();
    await lab.press('Escape');
    await lab.press('Control+Enter');
    await expect(canvas.stateOf('train')).toContainText('running');
    await take(lab, 'canvas-running');
    await writeFile(server.file('go'), '');
    await lab.drawer.succeeds(120_000);
    await expect(canvas.root.locator('.nby-Node-preview').first()).toBeVisible();
    await take(lab, 'canvas-finished');
    for (const tab of ['Gantt', 'Output', 'Results', 'Resources', 'Metrics', 'Details']) {
      await lab.drawer.tab(tab);
      await take(lab, `run-${tab.toLowerCase()}`);
    }
    await lab.sidebar();
    await take(lab, 'sidebar-run');
    await canvas.stage.focus();
    await lab.press('v');
    await take(lab, 'canvas-table');
  });

  test('a failure', async ({ lab, server }) => {
    const notebook = JSON.parse(await readFile(server.file('train.ipynb'), 'utf8'));
    notebook.cells[3].source = ['print("so far")\n', 'raise ValueError("no such penguin")'];
    await writeFile(server.file('train.ipynb'), JSON.stringify(notebook));
    const canvas = await lab.openWorkflow('penguins.nbflow', { whole: false });
    await lab.click(canvas.button('run-workflow'));
    await expect(lab.drawer.state).toHaveText('failed', { timeout: 120_000 });
    await take(lab, 'canvas-failed');
  });

  test('cards close together, and lineage', async ({ lab, server }) => {
    const flow = JSON.parse(await readFile(server.file('penguins.nbflow'), 'utf8'));
    flow.meta = { id: 'close', title: 'Close' };
    flow.edges = Object.fromEntries(
      Object.entries(flow.edges).filter(([id]) => !id.includes('report'))
    );
    delete flow.nodes.report;
    flow.nodes.train.arguments = { strength: { value: 0.5 } };
    flow.positions = { penguins: [0, 0], clean: [0, 115], train: [300, 0], evaluate: [300, 190] };
    await writeFile(server.file('close.nbflow'), JSON.stringify(flow));
    const canvas = await lab.openWorkflow('close.nbflow', { whole: false });
    await lab.execute('nbyard:run-workflow-anew');
    await lab.drawer.succeeds(120_000);
    await expect(canvas.root.locator('.nby-Node-preview')).toHaveCount(4);
    await lab.execute('nbyard:fit-workflow');
    await canvas.isTidy();
    await take(lab, 'canvas-close');
    await canvas.card('penguins.csv').click();
    await take(lab, 'canvas-close-selected');
    await lab.drawer.tab('Lineage');
    const node = lab.drawer.body.getByRole('button', { name: /^train.ipynb, Task/ });
    await node.click();
    await take(lab, 'run-lineage');
    await lab.drawer.body.getByRole('button', { name: /^python3, Environment/ }).click();
    await take(lab, 'run-lineage-environment');
    await node.click({ button: 'right' });
    await lab.page.screenshot({ path: `${NBYARD_PICTURES}/run-lineage-menu.png` });
    await lab.press('Escape');
  });

  test('schedules and projects', async ({ lab, server }) => {
    const run = { path: 'clean.ipynb', parameters: { input_csv: 'penguins.csv' } };
    const timing = { kind: 'words', text: 'daily at 8:00' };
    const schedule = { run, timing, zone: 'Europe/Berlin', name: 'nightly', is_enabled: true };
    await server.post('schedules', schedule);
    await lab.panel();
    await take(lab, 'sidebar-schedule');
    await dialog(lab, 'schedule-form', 'nbyard:schedule-file', { path: 'penguins.nbflow' });
    await dialog(lab, 'trigger-form', 'nbyard:trigger-file', { path: 'penguins.nbflow' });
    await lab.execute('nbyard:open-executable', { id: 'clean' });
    await take(lab, 'executable');
  });

  test('data and code', async ({ lab, server }) => {
    await server.post('datasets', {
      source: { kind: 'file', path: 'penguins.csv' },
      name: 'birds'
    });
    await lab.panel();
    await lab.row('dataset', 'birds').dblclick();
    await expect(lab.page.locator('.nby-View')).toContainText('344');
    await take(lab, 'dataset');
    await lab.page.locator('.nby-View').getByRole('tab', { name: 'Profile' }).click();
    await take(lab, 'dataset-profile');
    await lab.execute('nbyard:register-executable', { path: 'evaluate.py' });
    await expect(lab.page.locator('.nby-View:visible')).toContainText('Register');
    await take(lab, 'executable-form');
    await lab.execute('nbyard:create-deployment');
    await expect(lab.page.getByRole('heading', { name: 'New deployment' })).toBeVisible();
    await take(lab, 'deployment-form');
    await lab.execute('nbyard:create-artifact');
    await take(lab, 'artifact-form');
    await dialog(lab, 'background-form', 'nbyard:run-in-background', { path: 'clean.ipynb' });
    await dialog(lab, 'environment-form', 'nbyard:create-environment');
    await dialog(lab, 'credential-form', 'nbyard:create-credential');
  });

  /** The frames of the README's animation; `python buildtools/animation.py` joins them. */
  test('frames of the example', async ({ lab }) => {
    await lab.page.setViewportSize({ width: 1200, height: 750 });
    await lab.execute('application:toggle-left-area');
    let count = 0;
    const frame = async () => {
      const path = `${NBYARD_PICTURES}/frame-${String(count++).padStart(3, '0')}.png`;
      await lab.page.screenshot({ path, animations: 'disabled' });
    };
    await frame();
    await lab.tile('Try the Penguins Example').hover();
    await frame();
    await lab.tile('Try the Penguins Example').click();
    await expect(lab.canvas.arrows).not.toHaveCount(0);
    const { canvas, drawer } = lab;
    await canvas.isTidy();
    await frame();
    await canvas.button('run-workflow').hover();
    await frame();
    await canvas.button('run-workflow').click();
    while ((await drawer.state.textContent({ timeout: 10_000 })) !== 'succeeded') {
      await frame();
    }
    await expect(canvas.root.locator('.nby-Node-preview')).not.toHaveCount(0);
    await frame();
    await drawer.step('evaluate').click();
    await expect(drawer.body.locator('.nby-StepResult')).toBeVisible();
    await frame();
  });
});

async function dialog(lab: Lab, name: string, command: string, args = {}): Promise<void> {
  const asked = lab.execute(command, args); // until the dialog is closed
  await expect(lab.dialog.locator('input').first()).toBeVisible();
  await take(lab, name);
  await lab.press('Escape');
  await asked;
}

async function take(lab: Lab, name: string): Promise<void> {
  const before = lab.page.viewportSize()!;
  for (const [theme, full] of Object.entries(THEMES)) {
    await lab.theme(full);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await lab.page.setViewportSize(viewport);
      await lab.page.screenshot({ path: `${NBYARD_PICTURES}/${name}-${theme}-${size}.png` });
    }
  }
  await lab.theme(THEMES.light);
  await lab.page.setViewportSize(before);
}

/** Training waits for the file `go`, and logs what it does. */
async function slowly(server: LabServer): Promise<void> {
  const notebook = JSON.parse(await readFile(server.file('train.ipynb'), 'utf8'));
  const wait = `import time, pathlib\nprint("epoch 3 of 20: loss 0.41")\nwhile not pathlib.Path(${JSON.stringify(server.file('go'))}).exists(): time.sleep(0.05)\n`;
  notebook.cells[3].source = [wait, ...[notebook.cells[3].source].flat()];
  await writeFile(server.file('train.ipynb'), JSON.stringify(notebook));
}
