import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { notebook } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark'];
const DIALOG = '.jp-Dialog';
const SHOW = 'Show as Command Line / Python';

/** Open the commands of a form by keyboard; return its command and its program. */
async function spelled(lab: Lab, place = DIALOG): Promise<{ command: string; python: string }> {
  const form = lab.page.locator(place);
  const summary = form.locator('summary', { hasText: SHOW });
  if (place === DIALOG) {
    await expect(form.locator(':focus')).toHaveCount(1); // it takes the focus once it is drawn
  }
  await summary.focus();
  await lab.page.keyboard.press('Enter');
  const texts = form.locator('.nby-Spelling pre');
  await expect(texts.first()).toContainText('nbyard ');
  return {
    command: (await texts.first().textContent()) ?? '',
    python: (await texts.nth(1).textContent()) ?? ''
  };
}

/** Look at a form in light and dark. */
async function looked(lab: Lab, name: string, path: (name: string) => string): Promise<void> {
  for (const theme of THEMES) {
    await lab.theme(theme);
    const found = await violationsIn(lab.page, '.nby-Spelling');
    expect(found.map(({ id, nodes }) => `${theme}: ${id} at ${nodes[0].target}`)).toEqual([]);
    await lab.page.screenshot({ path: path(`${name} ${theme}.png`) });
  }
  await lab.theme(THEMES[0]);
}

test(
  'G8: forms show what they send as a command and as Python, also by keyboard',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page, dialog } = lab;
    const path = (name: string) => info.outputPath(name);
    await writeFile(server.file('hello.sh'), 'echo hello\n');
    await writeFile(server.file('look.ipynb'), notebook('print(1)'));

    await lab.openWorkflow('penguins.nbflow');
    await lab.runFromPalette('Schedule…');
    await dialog.getByLabel('When').fill('weekdays 8:00');
    const schedule = await spelled(lab);
    expect(schedule.command).toContain("nbyard automations create --at 'weekdays 8:00'");
    expect(schedule.python).toContain('connection.automations.create(');
    await dialog.getByLabel('When').fill('daily 6:00');
    await expect(dialog.locator('.nby-Spelling pre').first()).toContainText("--at 'daily 6:00'");
    await looked(lab, 'schedule', path);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await dialog.getByRole('button', { name: 'Copy: Command line' }).click();
    await expect(dialog.locator('.nby-Spelling [role="status"]')).toHaveText(
      'Copied: Command line'
    );
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain("nbyard automations create --at 'daily 6:00'");
    await lab.press('Escape');

    await lab.panel();
    await lab.click(lab.panelButton('create-credential').first());
    await dialog.getByLabel('Name').fill('api');
    await dialog.getByLabel('Secret').fill('s3cr3t-CANARY');
    const asked: string[] = [];
    page.on('request', request => {
      if (request.url().includes('system/spelling')) {
        asked.push(request.postData() ?? '');
      }
    });
    const credential = await spelled(lab);
    expect(credential.command).toBe('nbyard credentials add api');
    expect(credential.python).toContain('getpass("Secret: ")');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.join()).not.toContain('CANARY');
    await looked(lab, 'credential', path);
    await lab.press('Escape');

    await lab.click(lab.panelButton('create-environment').first());
    await expect(dialog.locator('input').first()).toBeFocused();
    await dialog.locator('textarea').fill('cowsay==6.1\nrich');
    const environment = await spelled(lab);
    expect(environment.command).toMatch(/^nbyard environments create \S+ cowsay==6.1 rich$/);
    await looked(lab, 'environment', path);
    await lab.press('Escape');

    await lab.click(lab.panelButton('import-dataset').first());
    await expect(dialog.locator('input')).toBeFocused();
    await dialog.locator('input').fill('https://example.org/a.csv');
    expect((await spelled(lab)).command).toBe('nbyard datasets add https://example.org/a.csv');
    await looked(lab, 'dataset', path);
    await lab.press('Escape');

    void lab.execute('nbyard:run-in-background', { path: 'look.ipynb' });
    expect((await spelled(lab)).command).toBe('nbyard run look.ipynb');
    await looked(lab, 'run', path);
    await lab.press('Escape');

    void lab.execute('nbyard:clean-up-runs');
    expect((await spelled(lab)).command).toBe('nbyard runs clean-up --older-than 30d --keep 10');
    await looked(lab, 'clean up', path);
    await lab.press('Escape');

    await server.post('executables', { path: 'hello.sh' });
    const row = lab.row('executable', 'hello');
    await row.click({ button: 'right' });
    await lab.menuItem('Delete Executable…').click();
    expect((await spelled(lab)).command).toMatch(/^nbyard executables rm [-\w]+$/);
    await looked(lab, 'delete', path);
    await dialog.getByRole('button', { name: 'Keep' }).click();

    await row.dblclick();
    await page.getByRole('tab', { name: 'Test Run' }).click();
    const view = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-TestRun';
    expect((await spelled(lab, view)).command).toMatch(/^nbyard run [-\w]+$/);
  }
);

test('G8: a command and a program of a form do what the form does', async ({ lab, server }) => {
  await writeFile(server.file('hello.sh'), 'echo hello\n');
  void lab.execute('nbyard:run-in-background', { path: 'hello.sh' });
  const { command } = await spelled(lab);
  await lab.press('Escape');
  const [, ...words] = command.split(' ');
  expect(await server.shell(...words)).toBe(0);
  await lab.panel();
  await expect(lab.row('run', 'hello')).toBeVisible();
});
