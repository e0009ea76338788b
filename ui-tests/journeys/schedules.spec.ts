import { readFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

test('R4: a workflow is scheduled in three actions, run now, disabled and deleted', async ({
  lab,
  server
}, info) => {
  await lab.openWorkflow('penguins.nbflow');
  const { dialog } = lab;
  const before = lab.actions;
  await lab.runFromPalette('Schedule…');
  await expect(dialog.getByLabel('When')).toBeFocused();
  const began = lab.actions;
  await lab.page.keyboard.type('weekdays 25:00');
  await expect(dialog.getByRole('alert')).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('refused.png') });
  await dialog.getByLabel('When').fill('weekdays 8:00');
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  await expect(dialog.getByRole('listitem')).toHaveCount(5);
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(lab.page, '.jp-Dialog');
    expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
    await lab.page.screenshot({ path: info.outputPath(`${theme}.png`) });
  }
  await lab.press('Enter');
  expect(began - before).toBeLessThanOrEqual(2);
  await lab.panel();
  const row = lab.row('schedule', 'penguins');
  await expect(row).toContainText('08:00');
  await lab.page.screenshot({ path: info.outputPath('panel.png') });

  const choose = async (item: string) => {
    await row.click({ button: 'right' });
    await lab.menuItem(item).click();
  };
  await choose('Enable or Disable');
  await expect(row).toContainText('disabled');
  await choose('Run Now');
  await lab.drawer.succeeds();
  await choose('Delete Schedule…');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
  expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toContain('nodes');
});
