/** JupyterLab in a container, used as people use it: through the proxy, in their browser. */
import { Page } from '@playwright/test';
import { withEngine } from '../lab/engine';
import { Lab } from '../lab/lab';
import { expect } from '../lab/test';

const PASSWORD = 'correct horse battery';

const withLab = withEngine('lab_image', image => ({ NBYARD_IDE_IMAGES: image }));
withLab.use({ ownServer: { baseUrl: '/user/ann/' } });

/** Log in at the page that its link opens, as one who is asked for the password. */
async function enter(lab: Lab): Promise<Page> {
  const header = lab.page.locator('.nby-View-header');
  await expect(header.locator('.nby-StateMark')).toHaveText('running', { timeout: 60_000 });
  const link = header.getByRole('link', { name: 'ide' });
  const [inside] = await Promise.all([lab.page.waitForEvent('popup'), link.click()]);
  await inside.locator('input[type="password"]').fill(PASSWORD);
  await inside.keyboard.press('Enter');
  await expect(inside.locator('#jp-main-dock-panel')).toBeVisible({ timeout: 60_000 });
  await expect(inside.locator('#jupyterlab-splash')).not.toBeVisible();
  return inside;
}

withLab(
  'P2, P5: JupyterLab in a container is logged in to, runs a cell and has a terminal',
  { tag: '@long' },
  async ({ lab, server, engine }, info) => {
    withLab.skip(!!engine.lacking, engine.lacking);
    await server.post('deployments', {
      service: 'jupyterlab',
      image: engine.image,
      title: 'Inside',
      password: PASSWORD,
      cpu: 2,
      memory_gb: 4
    });
    await lab.panel();
    await lab.row('deployment', 'Inside').click();
    const inside = await enter(lab);
    const heard: string[] = [];
    inside.on('websocket', socket =>
      socket.on('framereceived', ({ payload }) => heard.push(payload.toString()))
    );

    await inside.locator('.jp-LauncherCard[data-category="Notebook"]').first().click();
    const idle = inside.locator('.jp-NotebookPanel-toolbar [data-status="idle"]');
    await expect(idle).toBeVisible({ timeout: 60_000 });
    const cell = inside.locator('.jp-Notebook .jp-Cell .cm-content').first();
    const output = inside.locator('.jp-Notebook .jp-OutputArea-output').first();
    await expect(async () => {
      await cell.click(); // JupyterLab may just be opening it with another kernel: then once more
      await inside.keyboard.press('Control+a');
      await inside.keyboard.type('import os; print(6 * 7, os.getcwd(), os.getuid())');
      await inside.keyboard.press('Control+Enter');
      await expect(output).toHaveText(/^42 \/home\/nbyard 65534\s*$/, { timeout: 10_000 });
    }).toPass({ timeout: 60_000 });
    await inside.screenshot({ path: info.outputPath('notebook.png') });

    await inside.keyboard.press('Control+Shift+l');
    await inside
      .locator('.jp-LauncherCard', { hasText: /^Terminal$/ })
      .last()
      .click();
    const terminal = inside.locator('.jp-Terminal .xterm-screen');
    await expect(terminal).toBeVisible();
    await terminal.click();
    await inside.keyboard.type('echo "answer $((6 * 7))" | tee said.txt\n');
    await expect.poll(() => heard.join('')).toContain('answer 42');
    await inside.screenshot({ path: info.outputPath('terminal.png') });
    const said = inside.locator('#filebrowser .jp-DirListing-item', { hasText: 'said.txt' });
    await expect(said).toBeVisible({ timeout: 30_000 });

    await inside.reload();
    await expect(inside.locator('#jp-main-dock-panel')).toBeVisible({ timeout: 60_000 });
    await lab.reload(); // the server outside is logged in to still
    await expect(lab.row('deployment', 'Inside')).toContainText('running');
  }
);
