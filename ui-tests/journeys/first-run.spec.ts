import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

/** What it takes, with the panel in view, from a file to a run of a dataset and two notebooks. */
const MOST_ACTIONS = 6;

test('D1, D5: a dropped CSV becomes a dataset with rows and pictures, and downloads as it was', async ({
  lab,
  server
}) => {
  const content = await readFile(server.file('penguins.csv'));
  const digest = createHash('sha256').update(content).digest('hex');
  await lab.panel();
  await lab.dropFile('penguins.csv', content);
  const row = lab.row('dataset', 'penguins.csv');
  await expect(row).toContainText('344 × 8');
  await expect(row).toContainText('csv');
  await expect(row).toContainText(/15.2 kB/);
  await expect(row.locator('.nby-mod-is-dataset')).toBeAttached();

  await row.dblclick();
  const view = lab.page.locator('.nby-View');
  await expect(view).toContainText('344 × 8');
  await expect(view).toContainText(digest);
  await expect(view.getByRole('columnheader', { name: 'bill_length_mm' })).toContainText('float');
  await expect(view.getByRole('row').nth(1)).toContainText('Torgersen');
  await expect(view.getByRole('status').filter({ hasText: '344 rows × 8 columns' })).toBeVisible();

  await view.getByRole('tab', { name: 'Profile' }).click();
  await expect(view).toContainText('Based on all 344 rows');
  const mass = view.getByRole('region', { name: 'body_mass_g' });
  await expect(mass.locator('.nby-Picture-bar').first()).toBeVisible();
  await expect(mass).toContainText('mean');
  const species = view.getByRole('region', { name: 'species' });
  await expect(species).toContainText('Chinstrap');

  const download = lab.page.waitForEvent('download');
  await view.getByRole('button', { name: 'Download' }).click();
  const saved = await (await download).path();
  expect(await readFile(saved)).toEqual(content);
});

test('K1-K5, E1: from a CSV to the results of a run of two notebooks', async ({ lab, server }) => {
  const { canvas } = lab;
  await lab.aside(async () => void (await lab.panel()));
  await lab.dropFile('penguins.csv', await readFile(server.file('penguins.csv')));
  const row = lab.row('dataset', 'penguins.csv');
  await expect(row).toContainText('344 × 8');
  await lab.click(row.getByRole('button', { name: 'Use in New Workflow' }));
  await expect(canvas.card('penguins.csv')).toBeVisible();

  await lab.click(lab.page.locator('.jp-SideBar .lm-TabBar-tab[data-id="filebrowser"]'));
  await lab.drag(lab.file('clean.ipynb'), canvas.card('penguins.csv'));
  await expect(canvas.card('clean.ipynb')).toContainText('output_csv');
  await expect(canvas.arrows).toHaveCount(1);
  await lab.drag(lab.file('train.ipynb'), canvas.card('clean.ipynb'));
  await expect(canvas.card('train.ipynb')).toContainText('output_model');
  await expect(canvas.arrows).toHaveCount(2);
  await canvas.isTidy();
  await lab.aside(() => undoAndRedo(lab));
  await lab.aside(() => drawnByHand(lab));

  await canvas.stage.focus();
  await lab.press('Control+Enter');
  await expect(canvas.state('clean.ipynb')).toContainText(/running|succeeded/);
  await expect(lab.drawer.root).toBeVisible();
  await lab.drawer.succeeds();
  expect(lab.actions).toBeLessThanOrEqual(MOST_ACTIONS);
  await expect(canvas.state('clean.ipynb')).toContainText('succeeded');
  await expect(canvas.state('train.ipynb')).toContainText('succeeded');
  await canvas.saved();
  const saved = JSON.parse(await readFile(server.file('untitled.nbflow'), 'utf8'));
  expect(Object.keys(saved.nodes)).toHaveLength(3);
  await results(lab);
});

/** K4: each refusal is told while the arrow is drawn, and draws nothing. */
async function refusals(lab: Lab): Promise<void> {
  const { canvas } = lab;
  const refused = async (from: [string, string], to: [string, string], reason: string) => {
    await lab.drag(canvas.output(...from), canvas.input(...to), async () => {
      await expect(canvas.hint).toContainText(reason);
      await expect(canvas.hint).toHaveClass(/nby-mod-refused/);
    });
    await expect(canvas.notice).toContainText(reason);
    await expect(canvas.arrows).toHaveCount(1);
  };
  await refused(
    ['train.ipynb', 'output_test'],
    ['clean.ipynb', 'input_csv'],
    'would create a cycle'
  );
  await refused(['penguins.csv', 'data'], ['train.ipynb', 'input_csv'], 'already has a connection');
  await refused(
    ['train.ipynb', 'output_model'],
    ['clean.ipynb', 'input_csv'],
    'formats do not match'
  );
  await lab.drag(
    canvas.output('penguins.csv', 'data'),
    canvas.output('clean.ipynb', 'output_csv'),
    async () => expect(canvas.hint).toContainText('from an output to an input')
  );
  await expect(canvas.arrows).toHaveCount(1);
}

/** K3, K4: an arrow is removed, others are refused, and it is drawn again onto the whole card. */
async function drawnByHand(lab: Lab): Promise<void> {
  const { canvas } = lab;
  await canvas.clickArrow('penguins.csv', 'clean.ipynb');
  await lab.press('Delete');
  await expect(canvas.arrows).toHaveCount(1);
  await refusals(lab);
  await lab.drag(
    canvas.output('penguins.csv', 'data'),
    canvas.card('clean.ipynb').locator('.nby-Node-title'),
    async () => expect(canvas.hint).toHaveText('data → input_csv')
  );
  await expect(canvas.arrows).toHaveCount(2);
}

/** A drop on a card is one step: the card, its place and its arrow. */
async function undoAndRedo(lab: Lab): Promise<void> {
  const { canvas } = lab;
  await canvas.stage.focus();
  for (const left of [2, 1]) {
    await lab.press('Control+z');
    await expect(canvas.cards).toHaveCount(left);
    await expect(canvas.arrows).toHaveCount(left - 1);
  }
  for (const left of [2, 3]) {
    await lab.press('Control+Shift+z');
    await expect(canvas.cards).toHaveCount(left);
    await expect(canvas.arrows).toHaveCount(left - 1);
  }
}

async function results({ drawer }: Lab): Promise<void> {
  await drawer.tab('Results');
  await drawer.row('output_csv').click();
  const table = drawer.body.locator('.nby-DataTable');
  await expect(table.getByRole('columnheader', { name: 'bill_length' })).toBeVisible();
  await expect(table.getByRole('row').nth(1)).toContainText('Torgersen');
  await expect(table).toContainText('8 columns');

  await drawer.tab('Gantt');
  const bars = drawer.body.locator('.nby-Gantt-bar');
  await expect(bars).toHaveCount(2);
  await expect(bars.first()).toHaveAttribute('aria-label', /clean.*succeeded.*running/);

  await drawer.tab('Logs');
  await drawer.choose('clean');
  await expect(drawer.body.getByRole('log')).toContainText('2 of 344 rows left out');

  await drawer.tab('Output');
  await expect(drawer.body.getByRole('region', { name: 'Cell 1' })).toContainText(
    'Clean the penguins'
  );
  await expect(drawer.body).toContainText('2 of 344 rows left out');
}
