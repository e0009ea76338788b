import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { notebook, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const WRITES = `from pathlib import Path
Path("result.csv").write_text("city,people\\nOslo,700000\\nRome,2800000\\n")
Path("plots").mkdir()
Path("plots/note.txt").write_text("Two cities.\\n")
Path("dist").mkdir()
Path("dist/w.whl").write_text("left out")`;

test(
  'K5: files without a declaration are shown, previewed, downloaded and saved',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { drawer, page, dialog } = lab;
    await writeFile(server.file('work.ipynb'), notebook(WRITES));
    await writeFile(
      server.file('files.nbflow'),
      workflow({ work: { path: 'work.ipynb', at: [0, 0] } })
    );
    await mkdir(server.file('kept'));
    const canvas = await lab.openWorkflow('files.nbflow');
    await canvas.button('run-workflow').click();
    await drawer.succeeds();

    await drawer.tab('Results');
    const files = drawer.body.getByRole('region', { name: 'Other files' });
    await expect(files).toContainText('2 files');
    await expect(files).toContainText('dist/ (8 B) was not stored');
    await files.getByRole('grid').getByText('result.csv').click();
    await expect(files.getByRole('cell', { name: '2800000' })).toBeVisible();
    await files.getByRole('grid').getByText('plots/note.txt').click();
    await expect(files.locator('pre')).toHaveText('Two cities.\n');
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.screenshot({ path: info.outputPath('other-files.png') });
    expect(await violationsIn(page, '.nby-OtherFiles')).toEqual([]);
    const download = page.waitForEvent('download');
    await files
      .getByRole('row')
      .filter({ hasText: 'note' })
      .getByRole('link', { name: 'Download' })
      .click();
    expect(await readFile(await (await download).path(), 'utf8')).toBe('Two cities.\n');

    await canvas.button('run-workflow').click();
    await expect(canvas.stateOf('work')).toContainText('cached');
    await expect(drawer.root).toContainText('#2');
    await drawer.tab('Results');
    await expect(files).toContainText('2 files'); // those of the result that it took

    const save = async () => {
      await files.getByRole('button', { name: 'Save to Folder…' }).click();
      await dialog.locator('.jp-DirListing-item').filter({ hasText: 'kept' }).click();
      await dialog.getByRole('button', { name: 'Select' }).click();
    };
    await save();
    await expect(page.getByText('2 files were saved in kept.')).toBeVisible();
    expect(await readFile(server.file('kept/plots/note.txt'), 'utf8')).toBe('Two cities.\n');
    await writeFile(server.file('kept/result.csv'), 'mine');
    await save();
    await expect(dialog).toContainText('Replace 2 files?');
    await page.screenshot({ path: info.outputPath('replace.png') });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await readFile(server.file('kept/result.csv'), 'utf8')).toBe('mine');
  }
);
