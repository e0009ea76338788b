/** H2: a run is shared by a link in two actions; the page has no script and needs a login. */
import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

test('H2: a link to a run is copied in two actions, opened and revoked', async ({
  lab,
  server,
  context
}, info) => {
  const { page, dialog } = lab;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await lab.click(canvas.button('run-workflow'));
  await lab.drawer.succeeds();
  lab.actions = 0;
  await lab.click(page.getByRole('button', { name: 'Share…' }));
  await lab.click(dialog.getByRole('button', { name: 'Copy Link' }));
  lab.did('share');
  const link = await dialog.getByLabel('Link', { exact: true }).inputValue();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  await expect(dialog.getByText(/^Link of .*, until/)).toBeVisible();
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(page, '.jp-Dialog');
    expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
    await page.screenshot({ path: info.outputPath(`${theme}.png`) });
  }

  expect((await fetch(link)).status).toBe(403); // without a login
  const other = await context.newPage();
  for (const colorScheme of ['light', 'dark'] as const) {
    await other.emulateMedia({ colorScheme });
    await other.goto(link);
    await expect(other.getByRole('heading', { name: /Penguins/ })).toBeVisible();
    await expect(other.getByRole('cell', { name: 'succeeded' }).first()).toBeVisible();
    expect(await violationsIn(other, 'main')).toEqual([]);
    await other.screenshot({ path: info.outputPath(`page-${colorScheme}.png`), fullPage: true });
  }
  const download = other.waitForEvent('download');
  await other.getByRole('link').first().click();
  expect(await (await download).failure()).toBeNull();
  expect(server.log()).not.toContain(link.split('/').pop());

  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(dialog.getByText(/^Link of/)).toHaveCount(0);
  await other.goto(link);
  await expect(other.getByText('expired, or was revoked')).toBeVisible();
});
