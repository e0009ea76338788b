import { Locator } from '@playwright/test';
import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast'];

/** Copies what it is given, and ends with the code that it is told, once there is that file. */
const TOOL = `
import os, shutil, sys, time
source, after, code = sys.argv[1:]
print("begins", flush=True)
while after and not os.path.exists(after):
    time.sleep(0.05)
shutil.copy(source, os.environ["TABLE"])
print("ends", flush=True)
sys.exit(int(code))
`;
const ARGUMENTS = [
  { name: 'source', role: 'input', format: 'csv' },
  { name: 'after', default: '' },
  { name: 'code', type: 'int', default: 0 }
].map((argument, position) => ({ ...argument, reach: { kind: 'positional', position } }));
const OUTPUT = { name: 'table', role: 'output', format: 'csv' };
const TOLD = { ...OUTPUT, reach: { kind: 'variable', variable: 'TABLE' } };

async function register(server: LabServer): Promise<void> {
  await writeFile(server.file('tool.py'), TOOL);
  const told = { version: 1, arguments: [...ARGUMENTS, TOLD] };
  await writeFile(server.file('tool.py.nbexec'), JSON.stringify(told));
  await server.post('executables', { path: 'tool.py' });
}

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

function state(lab: Lab): Locator {
  return view(lab).locator('.nby-View-header [role="status"]');
}

async function findings(lab: Lab, ...places: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const place of places) {
    const violations = await violationsIn(lab.page, place);
    const lines = violations.flatMap(({ id, nodes }) =>
      nodes.map(node => `${id} at ${node.target.join(' ')}: ${node.failureSummary}`)
    );
    found.push(...lines);
  }
  return found;
}

test('A1, A2, A5: an artifact is made in the panel, watched, downloaded, made again, deleted', async ({
  lab,
  server
}, info) => {
  const { page, dialog } = lab;
  const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
  await register(server);
  const panel = await lab.panel();
  await expect(panel).toContainText('Named results of one-off runs.');
  lab.actions = 0;
  await lab.click(lab.panelButton('create-artifact'));
  const executable = view(lab).getByLabel('Executable');
  const name = view(lab).getByLabel('Name', { exact: true });
  await executable.selectOption({ label: 'tool' });
  await expect(name).toHaveValue('tool');
  await expect(view(lab)).toContainText('CSV file: path, dataset or artifact');

  const upload = view(lab).getByRole('button', { name: 'Upload a file for “source”' });
  const content = await readFile(server.file('penguins.csv'));
  await lab.choose(upload, { name: 'birds.csv', content });
  await expect(view(lab).getByLabel('source', { exact: true })).toHaveValue('birds.csv');
  await expect(lab.row('dataset', 'birds.csv')).toContainText('344 × 8');
  await view(lab).getByLabel('after').fill(server.file('go'));
  await picture('form');
  await lab.click(view(lab).getByRole('button', { name: 'Create' }));
  await expect(view(lab).getByRole('heading', { name: 'tool' })).toBeFocused();
  await expect(state(lab)).toHaveText('running');
  await expect(view(lab).getByRole('log')).toHaveText('begins');
  await expect(lab.row('artifact', 'tool')).toContainText('running');
  await picture('running');

  await writeFile(server.file('go'), '');
  await expect(state(lab)).toHaveText('succeeded');
  await expect(view(lab).getByRole('log')).toContainText('ends');
  await view(lab).getByRole('tab', { name: 'Results' }).click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    view(lab).locator('.nby-View-header').getByRole('button', { name: 'Download' }).click()
  ]);
  expect(file.suggestedFilename()).toBe('table.csv');
  expect(await readFile(await file.path())).toEqual(content);
  await expect(lab.row('artifact', 'tool')).toContainText('tool · table.csv · ');
  await picture('succeeded');

  await view(lab).getByRole('tab', { name: 'Details' }).click();
  await expect(view(lab).getByRole('row', { name: 'source "birds.csv"' })).toBeVisible();
  await view(lab).getByRole('button', { name: 'Create Another…' }).click();
  await expect(name).toHaveValue('tool 2');
  await expect(view(lab).getByLabel('source', { exact: true })).toHaveValue('birds.csv');
  await name.fill('tool');
  await expect(view(lab).getByRole('alert')).toContainText("The artifact 'tool' already exists");
  await picture('taken');
  await view(lab).getByRole('button', { name: 'Use “tool 2”' }).click();
  await expect(name).toHaveValue('tool 2');
  await name.fill('tool');
  await view(lab).getByLabel('Replace the artifact').check();
  await view(lab).getByLabel('code').fill('3');
  await view(lab).getByRole('button', { name: 'Create' }).click();
  await expect(state(lab)).toHaveText('failed');
  await expect(view(lab).getByRole('log')).toContainText('ends'); // the log is told on failure too
  await expect(view(lab).locator('.nby-Failure')).toContainText('exit code 3');
  await expect(lab.row('artifact', 'tool')).toHaveCount(1);
  await expect(lab.row('artifact', 'tool')).toContainText('failed');
  await picture('failed');

  await lab.row('artifact', 'tool').focus();
  await lab.press('Delete');
  await expect(dialog).toContainText('Delete “tool”?');
  await lab.press('Enter');
  await expect(lab.row('artifact', 'tool')).toHaveCount(0);
  await expect(lab.row('run', 'tool')).toHaveCount(1); // the older one keeps its number

  await writeFile(server.file('other.py'), 'print(1)\n');
  await server.post('executables', { path: 'other.py' });
  await lab.click(lab.panelButton('create-artifact'));
  await expect(view(lab).locator('.nby-Row')).toHaveCount(2); // nothing is chosen for the user
  await picture('choice');
  await view(lab).locator('.nby-Row').filter({ hasText: 'tool' }).focus();
  await lab.press('Enter');
  await expect(executable.locator('option:checked')).toHaveText('tool');
});

test(
  'A1: a name that is taken meanwhile is refused by the server; an artifact is an input',
  { tag: '@long' },
  async ({ lab, server }) => {
    await register(server);
    const make = (name: string) =>
      server.post('runs', { path: 'tool.py', name, parameters: { source: 'penguins.csv' } });
    await make('first');
    await lab.panel();
    await expect(lab.row('artifact', 'first')).toContainText('table.csv');
    await lab.row('artifact', 'first').focus();
    await lab.press('ArrowRight');
    await lab.press('ArrowRight');
    await lab.press('Enter');
    const name = view(lab).getByLabel('Name', { exact: true });
    await expect(name).toHaveValue('first 2');
    await name.fill('second');
    await make('second');
    await view(lab).getByLabel('source', { exact: true }).fill('first');
    await lab.press('Enter');
    await expect(view(lab).getByRole('alert')).toContainText(
      "The artifact 'second' already exists"
    );
    await expect(name).toBeFocused();
    await view(lab).getByRole('button', { name: 'Use “second 2”' }).click();
    await view(lab).getByRole('button', { name: 'Create' }).click();
    await expect(state(lab)).toHaveText('succeeded');

    await lab.fileBrowser();
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await lab.panel();
    await lab.drag(lab.row('artifact', 'first'), await canvas.at(0.6, 0.2));
    await expect(canvas.card('first')).toContainText('csv');
  }
);

test(
  'G6: artifacts by keyboard, by search, without a server, and for axe in three themes',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page } = lab;
    await register(server);
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    for (const name of names) {
      await server.post('runs', { path: 'tool.py', name, parameters: { source: 'penguins.csv' } });
    }
    // a run that goes on makes the panel ask again by itself
    await expect
      .poll(async () => {
        const { items } = await (await server.ask('GET', 'runs?limit=50')).json();
        return items.filter(({ state }: { state: string }) => state === 'succeeded').length;
      })
      .toBe(names.length);
    await page.route('**/nbyard/api/artifacts?*', route => route.abort());
    const panel = await lab.panel();
    await expect(panel.getByRole('alert')).toContainText('Not reachable');
    await page.unroute('**/nbyard/api/artifacts?*');
    await panel.getByRole('button', { name: 'Try Again' }).click();
    await expect(lab.row('artifact', 'one')).toContainText('table.csv');
    await expect(
      panel.getByRole('grid', { name: 'Artifacts' }).locator('[tabindex="0"]')
    ).toHaveCount(1);
    await lab.row('artifact', 'six').focus();
    await lab.press('/');
    await page.keyboard.type('thr');
    await expect(panel.locator('.nby-Row[data-noun="artifact"]')).toHaveCount(1);
    await lab.row('artifact', 'three').focus();
    await lab.press('Enter');
    await expect(view(lab).getByRole('heading', { name: 'three' })).toBeVisible();
    await expect(view(lab)).toContainText('tool.py → tablecsv');
    const found: string[] = [];
    for (const theme of THEMES) {
      await lab.theme(theme);
      await lab.row('artifact', 'three').click();
      found.push(...(await findings(lab, '#nbyard-sidebar', '.nby-View')));
      await lab.click(lab.panelButton('create-artifact'));
      await view(lab).getByLabel('Executable').selectOption({ label: 'tool' });
      await view(lab).getByLabel('Name', { exact: true }).fill('one');
      await expect(view(lab).getByRole('alert')).toContainText('already');
      found.push(...(await findings(lab, '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View')));
      await page.screenshot({ path: info.outputPath(`${theme.replaceAll(' ', '-')}.png`) });
    }
    expect(found).toEqual([]);
  }
);
