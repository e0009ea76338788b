import { Locator } from '@playwright/test';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast'];
/** An image is built, and a container started. */
const PATIENCE = { timeout: 300_000 };

const MODEL = `
import pandas as pd


class Doubler:
    """Twice the weight."""

    input_schema = [{"name": "weight", "type": "float"}]
    output_schema = [{"name": "twice", "type": "float"}]

    def predict(self, frame):
        return pd.DataFrame({"twice": frame["weight"] * 2})
`;

const withDocker = withEngine('base_image', image => ({
  NBYARD_DOCKER_BASE_IMAGE: image,
  NBYARD_DOCKER_BUILD_NETWORK: 'none'
}));
withDocker.describe.configure({ mode: 'default' }); // the second model finds its layers built

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

function state(lab: Lab): Locator {
  return view(lab).locator('.nby-View-header .nby-StateMark');
}

/** What axe finds in three themes. */
async function findings(lab: Lab, part: string): Promise<string[]> {
  const found: string[] = [];
  const focused = await lab.page.evaluateHandle(() => document.activeElement);
  for (const theme of THEMES) {
    await lab.theme(theme);
    const violations = await violationsIn(lab.page, part);
    for (const { id, nodes } of violations) {
      found.push(...nodes.map(node => `${theme}, ${id} at ${node.target.join(' ')}`));
    }
  }
  await lab.theme(THEMES[0]);
  // a change of the theme can take the focus
  await focused.evaluate(element => (element as HTMLElement | null)?.focus());
  return found;
}

/** The answer of the service to the row that the form began with. */
async function answered(lab: Lab, text: string | RegExp): Promise<void> {
  await expect(view(lab)).toContainText(/Status 200 · \d+ ms/);
  await view(lab).locator('summary', { hasText: 'JSON' }).click();
  await expect(view(lab).getByRole('region', { name: 'Text' })).toContainText(text);
}

withDocker(
  'M6: journey 1: from a CSV over two notebooks to the answer of a live endpoint, in eight actions',
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const { canvas, page } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await lab.aside(async () => void (await lab.panel()));
    await lab.dropFile('penguins.csv', await readFile(server.file('penguins.csv'))); // 1
    const row = lab.row('dataset', 'penguins.csv');
    await expect(row).toContainText('344 × 8');
    await picture('1-dropped');
    await lab.click(row.getByRole('button', { name: 'Use in New Workflow' })); // 2
    await expect(canvas.card('penguins.csv')).toContainText('data');
    await expect(canvas.row('clean.ipynb')).toBeVisible();
    await picture('2-workflow');
    await lab.drag(canvas.row('clean.ipynb'), canvas.card('penguins.csv')); // 3
    await expect(canvas.card('clean.ipynb')).toContainText('output_csv');
    await expect(canvas.arrows).toHaveCount(1);
    await picture('3-clean');
    await lab.drag(canvas.row('train.ipynb'), canvas.card('clean.ipynb')); // 4
    await expect(canvas.card('train.ipynb')).toContainText('output_model');
    await expect(canvas.arrows).toHaveCount(2);
    await canvas.isTidy();
    await picture('4-train');
    await lab.press('Control+Enter'); // 5
    await lab.drawer.succeeds();
    const deploy = canvas.card('train.ipynb').getByRole('button', { name: 'Deploy' });
    await expect(deploy).toBeVisible();
    await picture('5-ran');
    await lab.aside(async () => {
      expect(await findings(lab, '.nby-Canvas')).toEqual([]);
      await fromMenuAndResults(lab);
    });

    await lab.click(deploy); // 6
    await expect(view(lab).getByRole('heading', { name: 'New deployment' })).toBeVisible();
    await expect(view(lab).getByLabel('Image')).toHaveValue(/^nbyard\/model-/);
    await expect(view(lab).getByRole('textbox', { name: 'Title' })).toBeFocused();
    await expect(view(lab)).toContainText('bill_length: float');
    await picture('6-form');
    await lab.aside(async () => expect(await findings(lab, '.nby-View')).toEqual([]));
    await lab.press('Enter'); // 7
    await expect(view(lab).getByRole('heading').first()).toBeFocused();
    await expect(state(lab)).toHaveText(/building|queued|starting/);
    await picture('7-building');
    const send = view(lab).getByRole('button', { name: 'Send' });
    await expect(send).toBeVisible(PATIENCE);
    await expect(send).toBeFocused();
    await expect(view(lab).getByLabel('bill_length')).toHaveValue('39.1');
    await picture('8-try');
    await lab.click(send); // 8
    await answered(lab, 'Adelie');
    await picture('9-answered');
    lab.did('endpoint');
    await keys(lab);
    await lineage(lab, picture);
  }
);

/** The same is reached from the menu of the card, and from the results of the run. */
async function fromMenuAndResults(lab: Lab): Promise<void> {
  const { canvas, drawer, page } = lab;
  await canvas.card('clean.ipynb').click({ button: 'right' });
  await expect(lab.menuItem('Open File')).toBeVisible();
  await expect(lab.menuItem('Deploy Model')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await canvas.card('train.ipynb').click({ button: 'right' });
  await expect(lab.menuItem('Deploy Model')).toBeVisible();
  await page.keyboard.press('Escape');
  await drawer.tab('Results');
  const deploy = (name: string) => drawer.row(name).getByRole('button', { name: 'Deploy' });
  await expect(deploy('output_model')).toBeVisible();
  await expect(deploy('output_test')).toHaveCount(0);
  // the menu of named artifacts, which deletes runs, is not for it
  await expect(drawer.row('output_model')).toHaveAttribute('data-noun', 'result');
  await drawer.tab('Tasks');
}

/** A program calls the model with a key, until the key is revoked. */
async function keys(lab: Lab): Promise<void> {
  await view(lab).getByRole('tab', { name: 'Keys' }).click();
  await view(lab).getByRole('button', { name: 'Create Key' }).click();
  const shown = view(lab).getByRole('region', { name: 'Command' });
  await expect(shown).toContainText('Bearer nbk_');
  const [, header, address] = /-H "(.*)" (http\S+)/.exec((await shown.textContent())!)!;
  const status = (Authorization?: string) =>
    fetch(`${address}health`, { headers: Authorization ? { Authorization } : {} })
      .then(answer => answer.status)
      .catch(() => 0);
  const authorization = header.replace('Authorization: ', '');
  await expect.poll(() => status(authorization)).toBe(200);
  expect(await status()).toBe(401);
  expect(await findings(lab, '.nby-View')).toEqual([]);
  await view(lab)
    .getByRole('button', { name: /^Revoke Key/ })
    .click();
  await lab.dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect.poll(() => status(authorization)).toBe(401);
}

/** M6: run, step, data and code are one click away. */
async function lineage(lab: Lab, picture: (name: string) => Promise<unknown>): Promise<void> {
  const { drawer } = lab;
  await view(lab).getByRole('tab', { name: 'Overview' }).click();
  const tab = lab.page.locator('#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current');
  const title = (await tab.textContent())!;
  const way = (name: string | RegExp) => view(lab).getByRole('button', { name });
  await expect(way('penguins.csv v1')).toBeVisible();
  await picture('10-lineage');
  expect(await findings(lab, '.nby-View')).toEqual([]);
  await way('train.ipynb → output_model').click();
  await expect(drawer.step('train')).toHaveAttribute('aria-selected', 'true');
  await way(/, run 1$/).click();
  await expect(drawer.state).toHaveText('succeeded');
  await way('penguins.csv v1').click();
  await expect(view(lab).getByRole('heading', { name: 'penguins.csv' })).toBeVisible();
  await lab.tab(title).click();
  await way(/^train\.ipynb$/).click();
  await expect(view(lab).getByRole('tab', { name: 'Parameters' })).toBeVisible();
}

withDocker(
  'M6: journey 1 by keyboard: from a CSV over two notebooks to the answer of a live endpoint',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const { canvas, page } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    lab.actions = 0;
    const asked = page.waitForEvent('filechooser');
    await lab.runFromPalette('Upload Dataset…');
    await (await asked).setFiles(server.file('penguins.csv'));
    const rows = async () => {
      const { items } = await (await server.ask('GET', 'datasets')).json();
      return items[0]?.current.rows;
    };
    await expect.poll(rows).toBe(344);
    await lab.runFromPalette('New Workflow');
    await expect(canvas.stage).toBeFocused();
    const choose = async (key: string, text: string, option = text) => {
      await lab.press(key);
      await expect(canvas.picker).toBeVisible();
      await page.keyboard.type(text);
      const chosen = canvas.picker.getByRole('option', { selected: true });
      await expect(chosen).toContainText(option);
      await lab.press('Enter');
      await expect(canvas.picker).toHaveCount(0);
    };
    await choose('a', 'penguins.csv');
    await choose('a', 'clean.ipynb');
    await expect(canvas.card('clean.ipynb')).toContainText('output_csv');
    await choose('c', 'penguins', 'penguins.csv.data');
    await choose('a', 'train.ipynb');
    await expect(canvas.card('train.ipynb')).toContainText('output_model');
    await choose('c', 'clean', 'clean.ipynb.output_csv');
    await expect(canvas.arrows).toHaveCount(2);
    await lab.press('Control+Enter');
    await lab.drawer.succeeds();
    const card = canvas.card('train.ipynb');
    await expect(card.getByRole('button', { name: 'Deploy' })).toBeVisible();
    await expect(card).toHaveClass(/selected/);
    await picture('1-card');
    await lab.press('Shift+D');
    await expect(view(lab).getByLabel('Image')).toHaveValue(/^nbyard\/model-/);
    await expect(view(lab).getByRole('textbox', { name: 'Title' })).toBeFocused();
    await lab.aside(async () => expect(await findings(lab, '.nby-View')).toEqual([]));
    await lab.press('Enter');
    await expect(view(lab).getByRole('heading').first()).toBeFocused();
    const send = view(lab).getByRole('button', { name: 'Send' });
    await expect(send).toBeFocused(PATIENCE);
    await lab.aside(async () => expect(await findings(lab, '.nby-View')).toEqual([]));
    await lab.press('Enter');
    lab.did('endpoint', 'keys');
    await answered(lab, 'Adelie');
    await picture('2-answered');
    expect(await findings(lab, '.nby-View')).toEqual([]);
  }
);

withDocker(
  'M6: journey 7 by keyboard: a class of a Python file is deployed',
  { tag: '@long' },
  async ({ lab, server, engine }) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    await writeFile(server.file('model.py'), MODEL);
    await rm(server.file('requirements.txt'));
    await lab.refreshFiles();
    await expect(lab.file('model.py')).toBeVisible();
    lab.actions = 0;
    await lab.runFromPalette('Open from Path…');
    await expect(lab.dialog).toBeVisible();
    await lab.page.keyboard.type('model.py');
    await lab.press('Enter');
    await expect(lab.tab('model.py')).toHaveClass(/jp-mod-current/);
    await lab.runFromPalette('Deploy Model Class…');
    await expect(view(lab).getByLabel('Title')).toBeFocused();
    await expect(view(lab)).toContainText('weight: float');
    await lab.press('Enter');
    await expect(state(lab)).toHaveText('running', PATIENCE);
    lab.did('model', 'keys');
  }
);

/** A file without a model says so, where it is asked for. */
async function refused(lab: Lab, picture: (name: string) => Promise<unknown>): Promise<void> {
  await lab.file('get_data.py').click({ button: 'right' });
  await lab.menuItem('Deploy Model Class…').click();
  await expect(view(lab).getByRole('alert')).toContainText('predict');
  await expect(view(lab).getByLabel('Class')).toBeFocused();
  await picture('0-refused');
  expect(await findings(lab, '.nby-View')).toEqual([]);
  await lab.press('Enter');
  await expect(view(lab).getByRole('alert')).toContainText('predict');
  await lab.closeTab('New Deployment');
}

withDocker(
  'M6: journey 7: a class of a Python file is deployed from the file browser, in three actions',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withDocker.skip(!!engine.lacking, engine.lacking);
    withDocker.setTimeout(600_000);
    const { page } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await writeFile(server.file('model.py'), MODEL);
    await rm(server.file('requirements.txt')); // they would be those of the class
    await lab.refreshFiles();
    await expect(lab.file('model.py')).toBeVisible();
    await lab.aside(() => refused(lab, picture));
    await lab.aside(() => closed(lab, server));
    await lab.click(lab.file('model.py'), { button: 'right' }); // 1
    await expect(lab.menuItem('Deploy Model Class…')).toBeVisible();
    await picture('1-menu');
    await lab.click(lab.menuItem('Deploy Model Class…')); // 2
    await expect(view(lab).locator('input:focus')).toBeVisible();
    await expect(view(lab)).toContainText('weight: float');
    await picture('2-form');
    await lab.aside(async () => expect(await findings(lab, '.nby-View')).toEqual([]));
    await lab.press('Enter'); // 3
    await expect(state(lab)).toHaveText('running', PATIENCE);
    lab.did('model');
    await expect(view(lab).getByLabel('weight')).toHaveValue('1'); // no row is known
    await lab.click(view(lab).getByRole('button', { name: 'Send' }));
    await answered(lab, '"twice"');
    await picture('3-answered');
    await again(lab, server, picture);
  }
);

const models = async (server: LabServer): Promise<{ reference: string }[]> =>
  (await (await server.ask('GET', 'models')).json()).items;

/** Nothing is left of a form that was closed, or that went with the page. */
async function closed(lab: Lab, server: LabServer): Promise<void> {
  const open = async () => {
    await lab.file('model.py').click({ button: 'right' });
    await lab.menuItem('Deploy Model Class…').click();
    await expect(view(lab)).toContainText('weight: float');
    expect(await models(server)).toHaveLength(1);
  };
  await open();
  await lab.closeTab('New Deployment');
  await expect.poll(() => models(server)).toEqual([]);
  await open();
  await lab.reload();
  await expect.poll(() => models(server)).toEqual([]);
  await expect(lab.file('model.py')).toBeVisible();
}

/** What is deployed already becomes a new revision by Enter. */
async function again(
  lab: Lab,
  server: LabServer,
  picture: (name: string) => Promise<unknown>
): Promise<void> {
  await writeFile(server.file('model.py'), MODEL.replace('* 2', '* 4'));
  await lab.file('model.py').click({ button: 'right' });
  await lab.menuItem('Deploy Model Class…').click();
  const offered = view(lab).getByLabel('Deploy as').locator('option:checked');
  await expect(offered).toHaveText('New revision of “Doubler”');
  await expect(view(lab)).toContainText('weight: float');
  await picture('4-again');
  expect(await findings(lab, '.nby-View')).toEqual([]);
  await lab.press('Enter');
  await expect(view(lab).locator('.nby-View-header')).toContainText('revision 2');
  await view(lab).getByRole('tab', { name: 'Revisions' }).click();
  const second = view(lab).getByRole('row', { name: /^2/ });
  await expect(second).toContainText('answers', PATIENCE);
  await view(lab).getByRole('tab', { name: 'Try it' }).click();
  await view(lab).getByLabel('weight').fill('2');
  await view(lab).getByRole('button', { name: 'Send' }).click();
  await answered(lab, /"twice": 8/);
  await picture('5-revision');
  expect(await models(server)).toHaveLength(2);
}
