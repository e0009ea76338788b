import { readFile, writeFile } from 'node:fs/promises';
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
    const before = found.length;
    for (const place of places) {
      found.push(...(await findings(lab, place)).map(line => `${name}: ${line}`));
    }
    if (found.length > before) {
      await lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    }
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
    await lab.execute('nbyard:open-runs');
    await lab.page.getByRole('checkbox', { name: 'Select all loaded runs' }).check();
    await look(`${name}-runs`, VIEW);
    await lab.execute('docmanager:open', { path: 'penguins.nbflow' });
  }
  expect(found).toEqual([]);
});

test(
  'G6: axe finds nothing on a running and a failed run, nor at 200 % zoom; motion can be off',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    const found: string[] = [];
    const look = async (name: string, ...places: string[]) => {
      for (const theme of THEMES) {
        await lab.theme(theme);
        for (const place of places) {
          found.push(...(await findings(lab, place)).map(line => `${name}, ${theme}: ${line}`));
        }
        await page.screenshot({ path: info.outputPath(`${name}-${theme}.png`) });
      }
      await lab.theme(THEMES[0]);
    };
    const path = server.file('train.ipynb');
    const go = server.file('../go'); // beside the workflow it would be a new file that nodes may read
    const notebook = JSON.parse(await readFile(path, 'utf8'));
    notebook.cells[3].source = [
      'import os, time\n',
      'print("epoch 3 of 20")\n',
      `while not os.path.exists(${JSON.stringify(go)}): time.sleep(0.1)\n`,
      'raise ValueError("no such penguin")'
    ];
    await writeFile(path, JSON.stringify(notebook));
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await canvas.button('run-workflow').click();
    await expect(canvas.stateOf('train')).toContainText('running', { timeout: 60_000 });
    await expect(canvas.card('train.ipynb')).toContainText('epoch 3 of 20');
    const moving = canvas.root.locator('.react-flow__edge.animated path').first();
    const motion = () => moving.evaluate(one => getComputedStyle(one).animationName);
    expect(await motion()).not.toBe('none');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await motion()).toBe('none');
    const moves = await page.evaluate(() =>
      document
        .getAnimations()
        .filter(({ effect }) =>
          (effect as KeyframeEffect).target?.closest('.nby-CanvasPanel, .nby-RunView')
        )
        .map(one => (one as CSSAnimation).animationName)
    );
    expect(moves.filter(name => name !== 'nby-appear')).toEqual([]);
    await look('running', '.nby-CanvasPanel', '.nby-RunView');

    await writeFile(go, '');
    await expect(lab.drawer.state).toHaveText('failed', { timeout: 60_000 });
    await expect(canvas.stateOf('report')).toContainText('skipped');
    await look('failed', '.nby-CanvasPanel', '.nby-RunView');

    await page.setViewportSize({ width: 720, height: 450 }); // 1440×900 at 200 %
    await look('zoomed-canvas', '.nby-CanvasPanel', '.nby-RunView');
    await lab.execute('nbyard:register-executable', { path: 'evaluate.py' });
    await expect(page.locator(VIEW).getByLabel('Name of digits')).toBeVisible();
    await look('zoomed-form', VIEW);
    const wide = await page.locator(VIEW).evaluate(view => view.scrollWidth - view.clientWidth);
    expect(wide).toBeLessThanOrEqual(0); // the form scrolls in one direction only
    expect(found).toEqual([]);
  }
);

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
