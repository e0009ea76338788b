import { readFile, writeFile } from 'node:fs/promises';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const SMALL = { width: 1280, height: 720 };
const HEADS = [
  ...['Runs', 'Datasets', 'Workflows', 'Automations', 'Deployments'],
  ...['Executables', 'Environments', 'Artifacts', 'Credentials']
];

async function screens(lab: Lab, server: LabServer, folder: string): Promise<void> {
  await lab.page.setViewportSize({ width: 1440, height: 900 });
  await lab.page.screenshot({ path: `${folder}/light.png` });
  await lab.theme('JupyterLab Dark');
  await lab.page.screenshot({ path: `${folder}/dark.png` });
  await lab.theme('JupyterLab Light');
}

/** The notebook of this name ends with an error. */
async function broken(server: LabServer, name: string): Promise<void> {
  const notebook = JSON.parse(await readFile(server.file('clean.ipynb'), 'utf8'));
  notebook.cells[2].source = ['raise KeyError("region")'];
  await writeFile(server.file(name), JSON.stringify(notebook));
}

async function ended(server: LabServer, count: number): Promise<void> {
  const states = async () => {
    const { items } = await (await server.ask('GET', 'runs')).json();
    return items.filter(({ state }: { state: string }) => /succeeded|failed/.test(state)).length;
  };
  await expect.poll(states, { timeout: 120_000 }).toBe(count);
}

test(
  'the sidebar shows runs first, each section as tall as its content, and all heads at 1280×720',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await lab.page.setViewportSize(SMALL);
    const panel = await lab.sidebar();
    const heads = panel.locator('.nby-SideSection-head h2');
    await expect(heads).toHaveText(HEADS);
    await expect(lab.section('credential')).toContainText('none yet');
    await lab.page.screenshot({ path: info.outputPath('empty.png') });
    for (const head of await heads.all()) {
      await expect(head).toBeInViewport({ ratio: 1 });
    }
    await expect(lab.section('run').locator('.nby-SideSection-body')).toHaveCount(0);

    await broken(server, 'forecast.ipynb');
    const parameters = { input_csv: 'penguins.csv' };
    await server.post('runs', { path: 'penguins.nbflow' });
    await server.post('executables', { path: 'clean.ipynb' });
    await server.post('runs', { path: 'penguins.nbflow', parameters: { seed: 8 } });
    await server.post('runs', { path: 'forecast.ipynb', parameters });
    for (let round = 0; round < 3; round++) {
      await server.post('runs', { path: 'clean.ipynb', parameters });
    }
    await ended(server, 6);
    const source = { kind: 'file', path: 'penguins.csv' };
    await server.post('datasets', { source, name: 'penguins.csv' });
    await expect(lab.row('dataset', 'penguins.csv')).toContainText('344 × 8');
    await expect(lab.row('run', 'clean')).toHaveCount(3);
    await panel.getByRole('button', { name: 'Show More (3)' }).click();
    await expect(lab.row('run', 'forecast')).toContainText('KeyError');
    const [newest] = await lab.row('run', 'Penguins').all();
    await expect(newest.getByRole('img', { name: /Last runs: .*#1 succeeded, #2/ })).toBeVisible();
    await expect(newest.locator('.nby-RunStrip-bar')).toHaveCount(2);
    await panel.getByRole('button', { name: 'Show Fewer' }).click();
    await expect(lab.row('workflow', 'Penguins')).toContainText('just now');
    for (const head of await heads.all()) {
      await expect(head).toBeInViewport({ ratio: 1 });
    }
    await lab.page.screenshot({ path: info.outputPath('small.png') });
    await screens(lab, server, info.outputDir);
    const { height } = (await lab.section('workflow').boundingBox())!;
    expect(height).toBeLessThan(100); // a head and a row
  }
);
