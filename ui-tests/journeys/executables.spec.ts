import { readFile, writeFile } from 'node:fs/promises';
import { Locator } from '@playwright/test';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

async function fromFileBrowser(lab: Lab, file: string, item: string): Promise<void> {
  await lab.click(lab.file(file), { button: 'right' });
  await lab.click(lab.menuItem(item));
}

function form(lab: Lab): Locator {
  return lab.page.locator('.nby-View');
}

test('E1, E3, E10: a notebook is registered from the file browser and tried alone', async ({
  lab
}) => {
  await fromFileBrowser(lab, 'clean.ipynb', 'Register as Executable…');
  const view = form(lab);
  await expect(view.getByRole('heading')).toContainText('Register “clean”');
  const argument = (name: string) => view.getByRole('row').filter({ hasText: name });
  await expect(view.getByLabel('Role of input_csv')).toHaveValue('input');
  await expect(view.getByLabel('Format of input_csv')).toHaveValue('csv');
  await expect(view.getByLabel('Type of drop_missing')).toHaveValue('bool');
  await expect(view.getByLabel('Help of drop_missing')).toHaveValue(/leave out rows/);
  await expect(argument('species')).toBeVisible();
  await lab.click(view.getByRole('button', { name: 'Register' }));
  await expect(view.getByRole('tab', { name: 'Test run' })).toBeVisible();
  await lab.panel();
  await expect(lab.row('executable', 'clean')).toContainText('input_csv');

  await lab.click(view.getByRole('tab', { name: 'Test run' }));
  await view.getByLabel('input_csv').fill('penguins.csv');
  await lab.click(view.getByRole('button', { name: 'Run', exact: true }));
  await lab.drawer.succeeds();
  await lab.drawer.tab('Logs');
  await expect(lab.drawer.body.getByRole('log')).toContainText('2 of 344 rows left out');
  await lab.drawer.tab('Results');
  await expect(lab.drawer.row('output_csv')).toBeVisible();
});

test('E4, E5: a script with described arguments; a name used twice is refused on its field', async ({
  lab,
  server
}) => {
  await writeFile(server.file('count.sh'), 'wc -l < "$2" > "$4"\necho counted\nexit "$6"\n');
  await fromFileBrowser(lab, 'count.sh', 'Register as Executable…');
  const view = form(lab);
  const add = async (name: string, role: string, word: string) => {
    await view.getByRole('button', { name: 'Add an argument' }).click();
    const row = view.getByRole('row').last();
    await row.getByLabel(/^Name of/).fill(name);
    await row.getByLabel(/^Role of/).selectOption(role);
    await row.getByLabel(/^How it is given/).selectOption('option');
    await row.getByLabel(/^Flag or place/).fill(word);
  };
  await add('table', 'input', '--table');
  await add('lines', 'output', '--lines');
  await add('table', 'value', '--code');
  await view.getByRole('button', { name: 'Register' }).click();
  const last = view.getByRole('row').last();
  await expect(last.getByRole('alert')).toContainText(/table|twice|name/i);
  await last.getByLabel(/^Name of/).fill('code');
  await last.getByLabel(/^Type of/).selectOption('int');
  await view.getByRole('button', { name: 'Register' }).click();

  await view.getByRole('tab', { name: 'Test run' }).click();
  await view.getByLabel('table', { exact: true }).fill('penguins.csv');
  await view.getByLabel('code', { exact: true }).fill('3');
  await view.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(lab.drawer.state).toHaveText('failed', { timeout: 30_000 });
  await expect(lab.drawer.failure).toContainText('exit code 3');
  await lab.drawer.tab('Logs');
  await expect(lab.drawer.body.getByRole('log')).toContainText('counted');
});

test('E6: a notebook without a parameters cell gets one with a click', async ({ lab, server }) => {
  const notebook = JSON.parse(await readFile(server.file('clean.ipynb'), 'utf8'));
  notebook.cells[1].metadata = {};
  await writeFile(server.file('plain.ipynb'), JSON.stringify(notebook));
  await fromFileBrowser(lab, 'plain.ipynb', 'Register as Executable…');
  const view = form(lab);
  await expect(view).toContainText(/no parameters cell/i);
  await lab.click(view.getByRole('button', { name: 'Tag first cell' }));
  await expect(view.getByLabel('Role of output_csv')).toHaveValue('output');
  await expect(view).not.toContainText(/no parameters cell/i);
  const tagged = JSON.parse(await readFile(server.file('plain.ipynb'), 'utf8'));
  expect(tagged.cells[1].metadata.tags).toEqual(['parameters']);
});

test('K7, R2: a notebook runs in the background with other values', async ({ lab }) => {
  await fromFileBrowser(lab, 'clean.ipynb', 'Run in Background…');
  const { dialog } = lab;
  await dialog.getByLabel('species').fill('["Gentoo"]');
  await dialog.getByLabel('input_csv').fill('penguins.csv');
  await lab.press('Enter');
  expect(lab.actions).toBeLessThanOrEqual(3); // right click, item, Enter
  await lab.drawer.succeeds();
  await lab.drawer.tab('Output');
  await expect(lab.drawer.body).toContainText('221 of 344 rows left out');
});

test('D10, D4: a file becomes a dataset from its menu; a new notebook opens it', async ({
  lab
}) => {
  await fromFileBrowser(lab, 'penguins.csv', 'Register as Dataset');
  await lab.panel();
  const row = lab.row('dataset', 'penguins.csv');
  await expect(row).toContainText('344 × 8');
  await row.click({ button: 'right' });
  await lab.click(lab.menuItem('New Notebook'));
  await expect(lab.page.locator('.jp-Notebook .jp-CodeCell').first()).toContainText(
    'NBYARD_RESOURCES'
  );
  await expect(lab.page.locator('#jp-main-statusbar')).toContainText('Idle', { timeout: 60_000 });
  await lab.page.locator('.jp-Notebook .jp-CodeCell').first().click();
  await lab.press('Shift+Enter');
  await expect(lab.page.locator('.jp-Notebook .jp-OutputArea-output').first()).toContainText(
    'Torgersen',
    { timeout: 60_000 }
  );
});
