import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

const VIEW = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View';
const THEMES = ['JupyterLab Light', 'JupyterLab Dark'];

// the store of several users; its owner here has all rights
test.use({ environment: { NBYARD_SHARED: 'True' } });

test('H4: an administrator announces and pauses, with the keyboard too; axe finds nothing', async ({
  lab,
  anotherLab
}, info) => {
  const { page } = lab;
  const found: string[] = [];
  await expect(() => lab.execute('nbyard:open-admin')).toPass();
  const view = page.locator(VIEW);
  await expect(view.getByText('No runs.')).toBeVisible();
  await view.getByRole('button', { name: 'Pause New Tasks…' }).click();
  await page.getByLabel('Reason').fill('New disks');
  await page.keyboard.press('Enter');
  await expect(view.getByText(/New tasks wait since .*: New disks/)).toBeVisible();
  const other = await anotherLab();
  await view.getByRole('button', { name: 'Message to All Users…' }).click();
  await page.getByLabel('Message').fill('Restart at six');
  await page.getByLabel('Until').fill('2099-01-01T18:00');
  await page.keyboard.press('Enter');
  for (const window of [page, other.page]) {
    await expect(window.getByRole('alert').filter({ hasText: 'Restart at six' })).toBeVisible();
  }
  await view.getByRole('tab', { name: 'Runs' }).focus();
  for (const theme of THEMES) {
    await lab.theme(theme);
    for (const tab of ['Queue', 'Deployments', 'Usage', 'Quotas', 'Audit', 'Runs']) {
      await page.keyboard.press('ArrowRight');
      await expect(view.getByRole('tab', { name: tab, selected: true })).toBeFocused();
      await expect(view.getByText('Loading…')).toHaveCount(0);
      for (const { id, nodes } of await violationsIn(page, VIEW)) {
        found.push(...nodes.map(node => `${theme}, ${tab}: ${id} at ${node.target.join(' ')}`));
      }
      await page.screenshot({ path: info.outputPath(`${theme}-${tab}.png`) });
    }
  }
  expect(found).toEqual([]);
  await view.getByRole('tab', { name: 'Quotas' }).click();
  await view.getByRole('button', { name: 'Set Quota…' }).click();
  await page.getByLabel('Name').fill('eve');
  await page.getByLabel('GPUs').fill('2');
  await page.keyboard.press('Enter');
  const quota = view.getByRole('row').filter({ hasText: 'User eve' });
  await quota.getByRole('button', { name: 'Edit…' }).click();
  await expect(page.getByLabel('GPUs')).toHaveValue('2');
  await page.keyboard.press('Escape');
  await quota.getByRole('button', { name: 'Delete' }).click();
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await expect(quota).toHaveCount(0);
  await view.getByRole('tab', { name: 'Audit' }).click();
  await expect(view.getByRole('row').filter({ hasText: 'admin.drain' })).toBeVisible();
  await view.getByRole('button', { name: 'Remove Message' }).click();
  await expect(other.page.getByText('Restart at six')).toHaveCount(0);
  await view.getByRole('button', { name: 'Resume New Tasks' }).click();
  await expect(view.getByText(/New tasks wait/)).toHaveCount(0);
});
