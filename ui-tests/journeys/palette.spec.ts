import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from '../lab/test';

test('K2: datasets and executables are found in the drawer and dragged onto the canvas', async ({
  lab,
  server
}, info) => {
  await mkdir(server.file('ping'));
  await writeFile(server.file('ping/clean.sh'), 'true\n');
  expect(await server.shell('run', 'ping/clean.sh')).toBe(0); // no row of its own
  await server.post('datasets', { source: { kind: 'file', path: 'penguins.csv' } });
  for (const path of ['clean.ipynb', 'train.ipynb', 'evaluate.py']) {
    await server.post('executables', { path });
  }
  await lab.tile('New Workflow').click();
  const { canvas } = lab;
  // six files and a workflow, one file of a subfolder, and the dataset
  await expect(canvas.palette.getByRole('listitem')).toHaveCount(9);
  await expect(canvas.palette).toContainText('Used in this folder 1');
  await lab.page.screenshot({ path: info.outputPath('drawer.png') });
  await expect(canvas.palette.getByRole('searchbox')).toHaveCSS('font-size', '13px');
  await canvas.palette.getByRole('searchbox').fill('ipynb cle');
  await expect(canvas.palette.getByRole('listitem')).toHaveCount(1);
  await lab.drag(canvas.row('clean'), await canvas.at(0.4, 0.4));
  await expect(canvas.card('clean.ipynb')).toContainText('output_csv');

  await canvas.palette.getByRole('searchbox').fill('csv');
  await lab.drag(canvas.row('penguins.csv'), await canvas.at(0.45, 0.45)); // onto the card
  await expect(canvas.arrows).toHaveCount(1);
  await canvas.isTidy();

  await canvas.palette.getByRole('searchbox').fill('nothing of the kind');
  await expect(canvas.palette).toContainText('No matches');
  await canvas.palette.getByRole('searchbox').fill('');
  for (const [index, name] of ['train', 'evaluate'].entries()) {
    await lab.drag(canvas.row(name), await canvas.at(0.98, 0.95)); // where there is no room
    await expect(canvas.cards).toHaveCount(3 + index);
  }
  await expect(canvas.card('train.ipynb')).toContainText('output_model');
  await expect(canvas.card('evaluate.py')).toContainText('model');
  await expect(canvas.arrows).toHaveCount(1); // beside a card, nothing is wired
  await canvas.isTidy();

  for (const _ of [1, 2, 3]) {
    await canvas.row('train').click(); // the same without dragging
  }
  await expect(canvas.cards).toHaveCount(7);
  await expect(canvas.cards.filter({ hasText: 'output_model' })).toHaveCount(4);
  await canvas.isTidy();
});

test(
  'D10, K2: files of the file browser become nodes, several at once',
  { tag: '@long' },
  async ({ lab }) => {
    await lab.tile('New Workflow').click();
    const { canvas } = lab;
    await expect(canvas.stage).toBeVisible();
    await expect(lab.file('untitled.nbflow')).toHaveClass(/jp-mod-selected/); // as JupyterLab does
    await lab.file('clean.ipynb').click();
    await lab.file('get_data.py').click({ modifiers: ['Control'] });
    await lab.file('penguins.csv').click({ modifiers: ['Control'] });
    await lab.drag(lab.file('penguins.csv'), await canvas.at(0.3, 0.3));
    await expect(canvas.cards).toHaveCount(3);
    await expect(canvas.card('clean.ipynb')).toContainText('input_csv');
    await expect(canvas.card('penguins.csv')).toContainText('data');
    await expect(canvas.card('get_data.py')).toBeVisible();
    await canvas.isTidy();
    await expect(canvas.row('clean')).toBeVisible(); // there is nothing else to list
  }
);
