import { readFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast'];

const VIEW = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View';

/** What notebooks show is theirs: pandas leaves headers of tables empty. */
const OUTPUTS = '.nby-Cell-outputs';

/** What axe finds below one of our elements, in a line each. */
async function findings(lab: Lab, place: string): Promise<string[]> {
  const violations = await violationsIn(lab.page, place, OUTPUTS);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${place}: ${id} at ${node.target.join(' ')}: ${node.failureSummary}`)
  );
}

test('G6: axe finds nothing on canvas, panels, drawer and views, in three themes', async ({
  lab,
  server
}, info) => {
  const found: string[] = [];
  const look = async (name: string, ...places: string[]) => {
    for (const place of places) {
      found.push(...(await findings(lab, place)).map(line => `${name}: ${line}`));
    }
    await lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
  };
  await lab.panel();
  await look('empty', '#nbyard-sidebar');
  await lab.dropFile('penguins.csv', await readFile(server.file('penguins.csv')));
  await expect(lab.row('dataset', 'penguins.csv')).toContainText('344 × 8');
  await lab.execute('docmanager:open', { path: 'penguins.nbflow' });
  const { canvas, drawer } = lab;
  await expect(canvas.cards).toHaveCount(5);
  await lab.execute('nbyard:toggle-inspector');
  await canvas.card('train.ipynb').click();
  await expect(canvas.inspector.getByLabel('strength')).toBeVisible();
  await canvas.button('run-workflow').click();
  await drawer.succeeds();
  for (const theme of THEMES) {
    await lab.theme(theme);
    const name = theme.replace('JupyterLab ', '').replaceAll(' ', '-').toLowerCase();
    await look(`${name}-canvas`, '#nbyard-sidebar', '.nby-CanvasPanel', '.nby-RunView');
    for (const tab of ['Gantt', 'Output', 'Logs', 'Resources', 'Results', 'Details']) {
      await drawer.tab(tab);
      await look(`${name}-${tab.toLowerCase()}`, '.nby-RunView');
    }
    await drawer.tab('Tasks');
  }
  expect(found).toEqual([]);
});

test(
  'G6, D5: axe finds nothing on views of datasets and executables',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const found: string[] = [];
    const look = async (name: string) => {
      found.push(...(await findings(lab, VIEW)));
      await lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    };
    await lab.panel();
    await lab.dropFile('penguins.csv', await readFile(server.file('penguins.csv')));
    const row = lab.row('dataset', 'penguins.csv');
    await expect(row).toContainText('344 × 8');
    for (const theme of THEMES) {
      await lab.theme(theme);
      const name = theme.replace('JupyterLab ', '').replaceAll(' ', '-').toLowerCase();
      await row.dblclick();
      const view = lab.page.locator(VIEW);
      await view.getByRole('tab', { name: 'Rows' }).click();
      await expect(view).toContainText('Torgersen');
      await look(`${name}-rows`);
      await view.getByRole('tab', { name: 'Profile' }).click();
      await expect(view.locator('.nby-Picture-bar').first()).toBeVisible();
      await look(`${name}-profile`);
      await lab.execute('nbyard:register-executable', { path: 'evaluate.py' });
      await expect(view.getByLabel('Name of digits')).toBeVisible();
      await expect(view.getByRole('region', { name: 'Command line' })).toContainText('evaluate.py');
      await look(`${name}-register`);
    }
    expect(found).toEqual([]);
  }
);
