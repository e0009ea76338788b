import { readFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { simplifyExample } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test('R4: a workflow is scheduled in three actions, run now, disabled and deleted', async ({
  lab,
  server
}, info) => {
  await simplifyExample(server);
  await lab.openWorkflow('penguins.nbflow');
  const { dialog } = lab;
  lab.actions = 0;
  await lab.runFromPalette('Schedule…');
  const when = dialog.getByLabel('When');
  await expect(when).toBeFocused();
  await lab.aside(async () => {
    await lab.page.keyboard.type('weekdays 25:00');
    await expect(dialog.getByRole('alert')).toBeVisible();
    await lab.page.screenshot({ path: info.outputPath('refused.png') });
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      await lab.theme(theme);
      const found = await violationsIn(lab.page, '.jp-Dialog');
      expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`${theme}.png`) });
    }
    await when.fill('');
  });
  await lab.page.keyboard.type('weekdays 8:00');
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  await expect(dialog.getByRole('listitem')).toHaveCount(5);
  await expect(dialog.getByRole('listitem').first()).toContainText('08:00');
  await lab.page.screenshot({ path: info.outputPath('accepted.png') });
  await lab.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(lab.actions).toBeLessThanOrEqual(3);
  await lab.panel();
  const row = lab.row('schedule', 'penguins');
  await expect(row).toContainText('08:00');
  await lab.page.screenshot({ path: info.outputPath('panel.png') });

  const choose = async (item: string, of = row) => {
    await of.click({ button: 'right' });
    await lab.menuItem(item).click();
  };
  const isOn = row.getByRole('switch', { name: 'Enabled' });
  await isOn.click();
  await expect(row).toContainText('disabled');
  await expect(isOn).not.toBeChecked();
  await choose('Enable Schedule');
  await expect(isOn).toBeChecked();
  await choose('Disable Schedule');
  await expect(isOn).not.toBeChecked();
  await choose('Edit Schedule…');
  await dialog.getByText('More').click();
  await dialog.getByLabel('Name').fill('morning');
  await lab.press('Enter');
  await expect(dialog).toHaveCount(0);
  const renamed = lab.row('schedule', 'morning');
  await expect(renamed).toContainText('disabled');
  await choose('Run Now', renamed);
  await lab.drawer.succeeds();
  await lab.page.locator('.nby-Row[data-noun="run"]').click({ button: 'right' });
  await lab.menuItem('Schedule Run…').click();
  await expect(dialog).toContainText('Schedule “Penguins”');
  await expect(dialog.getByLabel('When')).toBeFocused();
  await lab.press('Enter');
  await expect(lab.row('schedule', 'penguins')).toBeVisible();
  await choose('Delete Schedule…', renamed);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(renamed).toHaveCount(0);
  await expect(row).toBeVisible();
  expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toContain('nodes');
});
