import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

test('R14: old runs are deleted by rules, after a preview', async ({ lab, server }, info) => {
  await writeFile(server.file('hello.sh'), 'echo hello\n');
  for (let run = 1; run <= 3; run++) {
    expect(await server.shell('run', 'hello.sh')).toBe(0);
  }
  await lab.panel();
  const rows = lab.page.locator('.nby-Row[data-noun="run"]');
  await expect(rows).toHaveCount(3);
  await rows.first().click({ button: 'right' });
  await lab.menuItem('Keep or Stop Keeping').click();
  await lab.panelButton('clean-up-runs').first().click();
  const { dialog } = lab;
  await dialog.getByLabel('Older than (days)').fill('0');
  await dialog.getByLabel('Newest runs to keep of each workflow').fill('0');
  await expect(dialog).toContainText('2 runs are deleted, which frees');
  await expect(dialog).toContainText('1 run is protected:');
  const found = await violationsIn(lab.page, '.jp-Dialog');
  expect(found.map(({ id, nodes: at }) => `${id} at ${at[0].target}`)).toEqual([]);
  await lab.page.screenshot({ path: info.outputPath('clean-up.png') });
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(rows).toHaveCount(1);
});
