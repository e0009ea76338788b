/** Pictures of the views in their states: NBYARD_PICTURES=FOLDER npx playwright test pictures */
import { readFile, writeFile } from 'node:fs/promises';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { housesFolder, notebook, parameters } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const { NBYARD_PICTURES } = process.env;
const THEMES = { light: 'JupyterLab Light', dark: 'JupyterLab Dark' };
/** Values of the parameter and of the code of runs that are compared. */
const SCORES = [
  [0.25, 1],
  [0.75, 3]
];
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
    for (const tab of ['Gantt', 'Output', 'Logs', 'Results', 'Resources', 'Metrics', 'Details']) {
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

  test('automations and projects', async ({ lab, server }) => {
    const run = { path: 'clean.ipynb', parameters: { input_csv: 'penguins.csv' } };
    const on = { kind: 'phrase', text: 'daily at 8:00' };
    const schedule = { run, on, zone: 'Europe/Berlin', name: 'nightly', is_enabled: true };
    await server.post('automations', schedule);
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
    await expect(lab.page.locator('.nby-View')).toContainText('Torgersen');
    await take(lab, 'dataset');
    await lab.page.locator('.nby-View').getByRole('tab', { name: 'Profile' }).click();
    await expect(lab.page.locator('.nby-View .nby-Picture-bar').first()).toBeVisible();
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

  test('two runs, and what is kept', async ({ lab, server }) => {
    const ended = async () =>
      (await (await server.ask('GET', 'runs?state=succeeded')).json()).items.length;
    for (const [at, [rate, factor]] of SCORES.entries()) {
      const log = `import nbyard\nscore = rate * ${factor}\nnbyard.log_metric("score", score)`;
      await writeFile(server.file('score.ipynb'), notebook(parameters('rate = 0.5'), log));
      await server.post('runs', { path: 'score.ipynb', parameters: { rate } });
      await expect.poll(ended, { timeout: 120_000 }).toBe(at + 1);
    }
    await lab.panel();
    const rows = lab.page.locator('#nbyard-sidebar .nby-Row[data-noun="run"]');
    await expect(rows).toHaveCount(SCORES.length);
    for (const row of await rows.all()) {
      await row.click({ modifiers: ['ControlOrMeta'] });
    }
    await take(lab, 'runs-selected');
    await lab.section('run').getByRole('button', { name: 'Compare' }).click();
    await expect(lab.page.getByRole('region', { name: 'Parameters' })).toContainText('0.75');
    await take(lab, 'comparison');
    await lab.page.getByRole('button', { name: 'Why does score differ?' }).click();
    await expect(lab.page.locator('.nby-Why').getByRole('listitem')).toHaveCount(2);
    await lab.page.locator('.nby-Why').scrollIntoViewIfNeeded();
    await take(lab, 'why');
    await dialog(lab, 'clean-up', 'nbyard:clean-up-runs');
    await lab.page.getByRole('button', { name: 'New Project…' }).click();
    await lab.dialog.getByLabel('Name').fill('birds');
    await take(lab, 'project-form');
    await lab.dialog.getByRole('button', { name: 'Create' }).click();
    await lab.page.getByRole('button', { name: 'Link Resource…' }).click();
    await lab.dialog.getByLabel('Kind').selectOption('executable');
    await expect(lab.dialog.getByRole('button', { name: 'Link score' })).toBeVisible();
    await take(lab, 'link-resource');
    await lab.dialog.getByRole('button', { name: 'Close' }).click();
    const shown = lab.execute('nbyard:show-channels');
    await expect(lab.dialog.getByRole('button', { name: 'New Channel…' })).toBeVisible();
    await take(lab, 'notifications');
    await lab.dialog.getByRole('button', { name: 'New Channel…' }).click();
    await expect(lab.dialog.getByLabel('URL')).toBeVisible();
    await take(lab, 'channel-form');
    await lab.press('Escape'); // back to the list
    await lab.dialog.getByRole('button', { name: 'Close' }).click();
    await shown;
  });

  test('an environment', async ({ lab, server }) => {
    await server.post('environments', { name: 'cows', requirements: 'cowsay==6.1' });
    await lab.panel();
    await lab.row('environment', 'cows').dblclick();
    await expect(lab.page.locator('.nby-View-header .nby-StateMark')).toHaveText('installed', {
      timeout: 180_000
    });
    await take(lab, 'environment');
  });

  withEngine('base_image')('a deployment', async ({ lab, server, engine }) => {
    test.skip(!!engine.lacking, engine.lacking);
    const command = ['python3', '-u', '-m', 'http.server', '8000'];
    const ports = [{ name: 'web', port: 8000 }];
    await server.post('deployments', {
      image: engine.image,
      service: 'own',
      title: 'Files',
      command,
      ports,
      memory_gb: 2
    });
    await lab.panel();
    await lab.row('deployment', 'Files').dblclick();
    const view = lab.page.locator('.nby-View:visible');
    await expect(view.locator('.nby-View-header .nby-StateMark')).toHaveText('running', {
      timeout: 120_000
    });
    await lab.page.request.get(`${server.url}nbyard/deployments/files/web/`, {
      headers: server.signedIn
    });
    await expect(view).toContainText(/\d requests? · 0 errors/);
    for (const tab of await view.getByRole('tab').all()) {
      await tab.click();
      await take(lab, `deployment-${(await tab.innerText()).toLowerCase().replaceAll(' ', '-')}`);
    }
  });

  /** The frames of the README's animation; `python buildtools/animation.py` joins them. */
  test('frames of an own folder', async ({ lab, server }) => {
    const { canvas, drawer, page } = lab;
    await page.setViewportSize(SIZES.wide);
    await housesFolder(server);
    await lab.execute('filebrowser:go-to-path', { path: 'houses' });
    let count = 0;
    const frame = async () => {
      const path = `${NBYARD_PICTURES}/frame-${String(count++).padStart(3, '0')}.png`;
      await page.screenshot({ path, animations: 'disabled' });
    };
    await frame();
    const tile = lab.tile('New Workflow from This Folder');
    await tile.hover();
    await frame();
    await tile.click();
    await expect(canvas.arrows).toHaveCount(3);
    await canvas.isTidy();
    await frame();
    await canvas.button('run-workflow').hover();
    await frame();
    await canvas.button('run-workflow').click();
    while ((await drawer.state.textContent({ timeout: 10_000 })) !== 'succeeded') {
      await frame();
    }
    await expect(canvas.root.locator('.nby-Node-preview')).not.toHaveCount(0);
    await expect(
      canvas.card('3_train.ipynb').getByRole('button', { name: 'Deploy' })
    ).toBeVisible();
    await frame();
    await drawer.step('step_3_train').click();
    await expect(drawer.body.locator('.nby-TaskResult')).toBeVisible();
    await frame();
    await page.screenshot({ path: `${NBYARD_PICTURES}/own-folder.png` });
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
  await expect(
    lab.page.locator(':text-matches("^(Loading|Reading|Comparing)…$"):visible')
  ).toHaveCount(0);
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
