import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notebook } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test(
  'L7: the kernel of a notebook becomes an environment, from its menu',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page, dialog } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await writeFile(join(server.root, 'n.ipynb'), notebook('1 + 1'));
    await lab.panel();
    await page.evaluate(async () => {
      const { commands } = (window as never as { jupyterapp: IApp }).jupyterapp;
      const opened = await commands.execute('docmanager:open', { path: 'n.ipynb' });
      await opened.sessionContext.ready;
    });
    await page.getByRole('menuitem', { name: 'Kernel', exact: true }).click();
    const item = page.getByRole('menuitem', { name: 'Capture Kernel as Environment…' });
    await expect(item).toBeVisible();
    await picture('menu');
    await item.click();
    await expect(dialog.getByLabel('Name')).toBeFocused();
    await expect(dialog).toContainText('The environment gets the packages of the kernel python3');
    await picture('dialog');
    await page.keyboard.type('frozen');
    await lab.press('Enter');
    const view = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
    await expect(view.getByRole('heading', { name: 'frozen' })).toBeVisible();
    await expect(view).toContainText('Captured from the kernel python3');
    await picture('view');
    await view.getByRole('button', { name: 'Stop' }).click();
    await expect(view.locator('.nby-View-header .nby-StateMark')).toHaveText('failed');
  }
);

interface IApp {
  commands: {
    execute: (id: string, args: object) => Promise<{ sessionContext: { ready: Promise<void> } }>;
  };
}
