import { copyFile } from 'node:fs/promises';
import { expect, test } from '../lab/test';

test(
  'K1: Backspace and Delete outside a canvas delete nothing, shown or hidden',
  { tag: '@long' },
  async ({ lab, server }) => {
    await copyFile(server.file('penguins.nbflow'), server.file('second.nbflow'));
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.cards).toHaveCount(5);
    await canvas.card('train.ipynb').click();
    await expect(canvas.card('train.ipynb')).toHaveClass(/selected/);

    const outside = lab.file('requirements.in');
    const elsewhere = async () => {
      await outside.click();
      await lab.press('Backspace');
      await lab.press('Delete');
      // JupyterLab asks whether to delete the file
      await lab.dialog.getByRole('button', { name: 'Cancel' }).click();
      await lab.execute('nbyard:fit-workflow'); // the inspector may have moved cards out of view
    };
    await elsewhere();
    await expect(canvas.cards).toHaveCount(5);

    await lab.openWorkflow('second.nbflow');
    await expect(canvas.cards).toHaveCount(5);
    await elsewhere();
    await canvas.stage.focus();
    await lab.press('Backspace');
    await lab.press('Delete');
    await expect(canvas.cards).toHaveCount(5);

    await lab.tab('penguins.nbflow').click();
    await expect(canvas.card('train.ipynb')).toBeVisible();
    await expect(canvas.cards).toHaveCount(5);
    await canvas.card('train.ipynb').click();
    await lab.press('Backspace');
    await expect(canvas.cards).toHaveCount(4);
    await expect(canvas.arrows).toHaveCount(3);
    await lab.press('Control+z');
    await expect(canvas.cards).toHaveCount(5);
    await expect(canvas.arrows).toHaveCount(6);
  }
);
