import { expect, test } from '../lab/test';

test('the notebook in front runs in the background in two actions', async ({
  lab,
  server
}, info) => {
  await lab.openFile('clean.ipynb');
  await lab.file('penguins.csv').click(); // the selection of the file browser does not matter
  await lab.page.locator('.jp-NotebookPanel .jp-Cell').nth(2).click();
  lab.actions = 0;
  const toolbar = lab.page.locator('.jp-NotebookPanel-toolbar');
  await lab.click(toolbar.locator('[data-command="nbyard:run-in-background"]'));
  const { dialog } = lab;
  await expect(dialog).toContainText('Run “clean.ipynb” in the background');
  const field = (name: string) => dialog.getByRole('textbox', { name: new RegExp(`^${name}\\b`) });
  await expect(field('input_csv')).toBeFocused();
  await expect(field('input_csv')).toHaveValue('penguins.csv');
  await expect(field('species')).toHaveValue('["Adelie","Chinstrap","Gentoo"]');
  await lab.page.screenshot({ path: info.outputPath('form.png') });
  await lab.press('Enter');
  lab.did('background');
  await lab.drawer.succeeds();
  const { items } = await (await server.ask('GET', 'runs')).json();
  expect(items[0].title).toBe('clean');
});

test(
  'a missing input is refused once, at its field, and chosen from files and data',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await server.post('datasets', {
      source: { kind: 'file', path: 'penguins.csv' },
      name: 'birds'
    });
    await lab.openFile('train.ipynb');
    await lab.page.locator('.jp-NotebookPanel .jp-Cell').nth(2).click();
    await lab.runFromPalette('Run in Background');
    const { dialog } = lab;
    const input = dialog.locator('.nby-Field input').first();
    await expect(input).toBeFocused();
    await expect(input).toHaveValue('');
    await lab.press('Enter');
    await expect(dialog.getByRole('alert')).toHaveText(['Choose a file, dataset or artifact']);
    await expect(input).toBeFocused();
    await dialog.getByRole('button', { name: 'Choose a file or data for “input_csv”' }).click();
    const options = dialog.getByRole('option');
    await expect(options.first()).toHaveText(/penguins.csv.*file/);
    await expect(options.nth(1)).toHaveText(/birds.*dataset/);
    await lab.page.screenshot({ path: info.outputPath('picker.png') });
    await lab.page.keyboard.type('birds');
    await lab.press('Enter');
    await expect(input).toHaveValue('birds');
    await lab.press('Escape');
    await expect(dialog).toHaveCount(0);
  }
);
