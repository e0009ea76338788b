import { readFile } from 'node:fs/promises';
import { Canvas } from '../lab/canvas';
import { expect, test } from '../lab/test';

async function relabel(canvas: Canvas, title: string, label: string): Promise<void> {
  await canvas.card(title).click();
  if (!(await canvas.inspector.isVisible())) {
    await canvas.button('toggle-inspector').click();
  }
  const field = canvas.inspector.getByLabel('Label');
  await field.fill(label);
  await field.press('Enter');
  await expect(canvas.card(label)).toBeVisible();
}

test.describe('with collaboration', () => {
  test.use({ ownServer: { collaboration: true } });

  test(
    'K12: edits of two windows both survive',
    { tag: '@long' },
    async ({ lab, anotherLab, server }) => {
      const one = await lab.openWorkflow('penguins.nbflow');
      const other = await (await anotherLab()).openWorkflow('penguins.nbflow');
      await expect(one.cards).toHaveCount(5);
      await expect(other.cards).toHaveCount(5);
      await Promise.all([
        relabel(one, 'train.ipynb', 'Teach'),
        relabel(other, 'clean.ipynb', 'Wash')
      ]);
      for (const canvas of [one, other]) {
        await expect(canvas.card('Teach')).toBeVisible();
        await expect(canvas.card('Wash')).toBeVisible();
      }
      await expect
        .poll(() => readFile(server.file('penguins.nbflow'), 'utf8'))
        .toMatch(/"label": "Wash"[^]*"label": "Teach"/);

      await one.stage.focus();
      await lab.press('Control+z');
      await expect(other.card('train.ipynb')).toBeVisible();
      await expect(other.card('Wash')).toBeVisible();
    }
  );
});

test(
  'K12, I19: without collaboration a stale save asks mine, theirs or both',
  { tag: '@long' },
  async ({ lab, anotherLab, server }) => {
    const labels = async () => {
      const { nodes } = JSON.parse(await readFile(server.file('penguins.nbflow'), 'utf8'));
      return [nodes.train.label, nodes.clean.label];
    };
    const other = await anotherLab();
    const theirs = await other.openWorkflow('penguins.nbflow');
    const mine = await lab.openWorkflow('penguins.nbflow');
    await relabel(theirs, 'clean.ipynb', 'Wash');
    await theirs.save();
    await relabel(mine, 'train.ipynb', 'Teach');
    await mine.stage.focus();
    await lab.press('Control+s');
    await expect(lab.dialog).toContainText('changed on disk after you opened it');
    expect(await labels()).toEqual([undefined, 'Wash']);
    await lab.click(lab.dialog.getByRole('button', { name: 'Merge Both' }));
    await mine.saved();
    await expect(mine.card('Wash')).toBeVisible();
    expect(await labels()).toEqual(['Teach', 'Wash']);

    await relabel(theirs, 'Wash', 'Scrub');
    await theirs.stage.focus();
    await other.press('Control+s');
    await other.click(other.dialog.getByRole('button', { name: 'Keep Mine' }));
    await theirs.saved();
    expect(await labels()).toEqual([undefined, 'Scrub']);

    await relabel(mine, 'Teach', 'Drill');
    await mine.stage.focus();
    await lab.press('Control+s');
    await lab.click(lab.dialog.getByRole('button', { name: 'Use Theirs' }));
    await expect(mine.card('Scrub')).toBeVisible();
    await expect(mine.card('train.ipynb')).toBeVisible();
    expect(await labels()).toEqual([undefined, 'Scrub']);
  }
);
