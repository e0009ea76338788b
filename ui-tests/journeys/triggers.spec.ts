import { violationsIn } from '../lab/axe';
import { simplifyExample } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test('R13: a workflow gets a trigger, is fired, disabled and deleted', async ({
  lab,
  server
}, info) => {
  await simplifyExample(server);
  await lab.openWorkflow('penguins.nbflow');
  const { dialog } = lab;
  await lab.runFromPalette('Trigger…');
  await expect(dialog.getByLabel('Runs start')).toBeFocused();
  await dialog.getByLabel('Dataset').fill('nowhere');
  await lab.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('nowhere');
  await lab.page.screenshot({ path: info.outputPath('refused.png') });
  await dialog.getByLabel('Runs start').selectOption('file');
  await dialog.getByLabel('File or folder').fill('penguins.nbflow');
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(lab.page, '.jp-Dialog');
    expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
    await lab.page.screenshot({ path: info.outputPath(`${theme}.png`) });
  }
  await dialog.getByRole('button', { name: 'Create' }).click();
  await lab.panel();
  const row = lab.row('automation', 'penguins');
  await expect(row).toContainText('penguins.nbflow is created or modified');
  await lab.page.screenshot({ path: info.outputPath('panel.png') });

  const choose = async (item: string) => {
    await row.click({ button: 'right' });
    await lab.menuItem(item).click();
  };
  await choose('Run Now');
  await expect(row).toContainText('last: succeeded', { timeout: 90_000 });
  const isOn = row.getByRole('switch', { name: 'Enabled' });
  await isOn.click();
  await expect(row).toContainText('disabled');
  await expect(isOn).not.toBeChecked();
  await choose('Enable Automation');
  await expect(isOn).toBeChecked();
  await choose('Delete Automation…');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
});

test(
  'R13: the secret of a webhook is shown once, and replaced',
  { tag: '@long' },
  async ({ lab }, info) => {
    await lab.openWorkflow('penguins.nbflow');
    const { dialog } = lab;
    await lab.runFromPalette('Trigger…');
    await dialog.getByLabel('Runs start').selectOption('webhook');
    await dialog.getByRole('button', { name: 'Create' }).click();
    const secret = dialog.getByLabel('Secret, which is not shown again');
    await expect(secret).toHaveValue(/^whsec_/);
    const old = await secret.inputValue();
    await expect(dialog.getByLabel('Address')).toHaveValue(/^http.*\/nbyard\/api\/hooks\//);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await lab.panel();
    await expect(lab.row('automation', 'penguins')).toContainText('A signed webhook arrives');

    await lab.row('automation', 'penguins').click({ button: 'right' });
    await lab.menuItem('Edit Automation…').click();
    await dialog.getByRole('button', { name: 'New Secret…' }).click();
    await dialog.getByRole('button', { name: /^Really Replace/ }).click();
    await expect(secret).toHaveValue(/^whsec_/);
    await expect(secret).not.toHaveValue(old);
    await lab.page.screenshot({ path: info.outputPath('secret.png') });
    // the new secret changes no other field, and a change can still be saved
    await dialog.getByLabel('Messages per minute, at most').fill('7');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toHaveCount(0);
  }
);
