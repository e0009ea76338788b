import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { notebook } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test(
  'G3, G6: the tables of magics in a notebook open runs and datasets',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page } = lab;
    await server.post('datasets', { source: { kind: 'file', path: 'penguins.csv' } });
    await writeFile(server.file('hello.sh'), 'echo hello from a cell\n');
    await writeFile(
      server.file('look.ipynb'),
      notebook('%load_ext nbyard\n%nbyard run hello.sh', '%nbyard runs', '%nbyard datasets')
    );
    await lab.openFile('look.ipynb');
    await expect(page.locator('#jp-main-statusbar')).toContainText('Idle', { timeout: 60_000 });
    await lab.execute('runmenu:run-all');
    const outputs = page.locator('.jp-Notebook .jp-OutputArea');
    const run = outputs.nth(0).getByRole('link', { name: 'Run 1 succeeded.' });
    await expect(run).toBeVisible({ timeout: 60_000 });
    const row = outputs.nth(1).getByRole('link', { name: '1', exact: true });
    await row.focus();
    await lab.press('Enter');
    await lab.drawer.succeeds();
    await lab.drawer.tab('Logs');
    await expect(lab.drawer.body.getByRole('log')).toContainText('hello from a cell');
    await outputs.nth(2).getByRole('link', { name: 'penguins.csv' }).click();
    const view = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
    await expect(view.getByRole('heading', { name: 'penguins.csv' })).toBeVisible();
    await page.screenshot({ path: info.outputPath('opened.png') });
    await lab.tab('look.ipynb').click();
    const violations = await violationsIn(
      page,
      '.jp-Notebook .jp-Cell:nth-child(2) .jp-RenderedHTMLCommon'
    );
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
);
