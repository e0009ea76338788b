import { readFile, stat } from 'node:fs/promises';
import { expect, test } from '../lab/test';

test('from the launcher to the results of the example in two actions', async ({
  lab,
  server
}, info) => {
  await lab.page.setViewportSize({ width: 1280, height: 720 });
  const tiles = lab.page.locator('.jp-LauncherCard[data-category="Workflows"]');
  await expect(tiles).toHaveText([
    ...['New Workflow', 'Try the Penguins Example', 'New Workflow from This Folder'],
    'Deploy a Model'
  ]);
  await expect(lab.file('evaluate.py')).toHaveCount(1); // its description is hidden
  for (const tile of await tiles.all()) {
    await expect(tile).toBeInViewport({ ratio: 1 });
  }
  await lab.page.screenshot({ path: info.outputPath('launcher.png') });
  await lab.click(lab.tile('Try the Penguins Example'));
  await expect(lab.canvas.cards).toHaveCount(5);
  await expect(lab.canvas.arrows).toHaveCount(6);
  expect(await readFile(server.file('penguins/penguins.csv'), 'utf8')).toContain('Torgersen');
  await lab.click(lab.canvas.button('run-workflow'));
  lab.did('example');
  await expect(lab.drawer.state).toHaveText('succeeded', { timeout: 200_000 });
  const { canvas } = lab;
  await expect(canvas.preview('penguins.csv').getByRole('table')).toContainText('344 × 8');
  await expect(canvas.preview('train.ipynb')).toContainText('Pipeline · 4 features');
  await expect(canvas.preview('evaluate.py')).toContainText(/accuracy 0\.9/);
  await expect(async () => {
    expect(await canvas.smallestText()).toBeGreaterThanOrEqual(11);
    const [card, bar] = await Promise.all(
      [canvas.card('penguins.csv'), lab.page.locator('.nby-Zoom')].map(part => part.boundingBox())
    );
    expect(card!.y + card!.height, 'the zoom bar covers no card').toBeLessThanOrEqual(bar!.y);
  }).toPass({ timeout: 40_000 }); // the view is fitted again beside the panel that opened
  await lab.page.screenshot({ path: info.outputPath('example.png') });

  await lab.execute('nbyard:create-example', { cwd: '' });
  await expect(
    lab.page.locator('#jp-main-dock-panel .lm-TabBar-tab', { hasText: 'penguins' })
  ).toHaveCount(2);
  expect((await stat(server.file('penguins-1/penguins.nbflow'))).isFile()).toBe(true);

  await lab.runFromPalette('New Workflow from Template…');
  const cards = lab.dialog.locator('.nby-Gallery > button');
  await expect(cards).toHaveCount(6);
  await expect(cards.first()).toBeFocused();
  await lab.page.screenshot({ path: info.outputPath('gallery.png') });
  await cards.filter({ hasText: 'Command line' }).click();
  await expect(canvas.card('count.sh')).toBeVisible();
  await expect(canvas.arrows).toHaveCount(2);
  expect((await stat(server.file('words/count.sh.nbexec'))).isFile()).toBe(true);

  await lab.execute('nbyard:choose-model');
  const view = lab.page.locator('.nby-Choices');
  await expect(view.getByRole('heading')).toHaveText(['Deploy a model', 'Models of your runs']);
  const model = view.locator('.nby-Row').filter({ hasText: 'train.ipynb → output_model' });
  await expect(model).toBeFocused();
  await expect(model).toContainText('Penguins, run 1');
  await lab.page.screenshot({ path: info.outputPath('models.png') });
  await lab.press('Enter');
  await expect(lab.page.getByRole('heading', { name: 'New deployment' })).toBeVisible();
});
