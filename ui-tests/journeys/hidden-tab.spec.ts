import { copyFile } from 'node:fs/promises';
import { expect, test } from '../lab/test';

test('K1: Backspace and Delete outside a canvas delete nothing, shown or hidden', async ({
  lab,
  server
}) => {
  await copyFile(server.file('penguins.nbflow'), server.file('second.nbflow'));
  const first = await lab.openWorkflow('penguins.nbflow');
  await expect(first.cards).toHaveCount(5);
  await first.card('train.ipynb').click();
  await expect(first.card('train.ipynb')).toHaveClass(/selected/);

  const outside = lab.page.locator('#filebrowser .jp-DirListing-content');
  await outside.focus();
  await lab.press('Backspace');
  await expect(first.cards).toHaveCount(5);

  const second = await lab.openWorkflow('second.nbflow');
  await expect(second.cards).toHaveCount(5);
  for (const place of [second.stage, outside]) {
    await place.focus();
    for (const key of ['Backspace', 'Delete']) {
      await lab.press(key);
      const dialog = lab.dialog.getByRole('button', { name: 'Cancel' });
      if (place === outside && key === 'Delete') {
        await dialog.click(); // JupyterLab asks whether to delete the file
      }
    }
  }
  await expect(second.cards).toHaveCount(5);
  await lab.tab('penguins.nbflow').click();
  await expect(first.card('train.ipynb')).toBeVisible();
  await expect(first.cards).toHaveCount(5);

  await first.card('train.ipynb').click();
  await lab.press('Backspace');
  await expect(first.cards).toHaveCount(4);
  await expect(first.arrows).toHaveCount(3);
  await lab.press('Control+z');
  await expect(first.cards).toHaveCount(5);
  await expect(first.arrows).toHaveCount(6);
});
