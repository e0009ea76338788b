import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { simplifyExample } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test('R4, journey 3: an open notebook is scheduled with mail in three actions', async ({
  lab,
  server
}, info) => {
  await server.post('channels', { name: 'mail', url: 'mailtos://ann:secret@example.org' });
  await lab.page.setViewportSize({ width: 1280, height: 720 });
  await lab.openFile('clean.ipynb');
  const toolbar = lab.page.locator('.jp-NotebookPanel-toolbar');
  await lab.page.locator('.jp-NotebookPanel .jp-Cell').nth(2).click();
  const button = toolbar.locator('[data-command="nbyard:schedule-file"]');
  await expect(button).toBeVisible();
  await expect(toolbar.locator('.jp-Toolbar-responsive-opener')).toBeHidden();
  await lab.page.screenshot({ path: info.outputPath('toolbar.png') });
  const { dialog } = lab;
  lab.actions = 0;
  await lab.click(button);
  await expect(dialog).toContainText('Schedule “clean.ipynb”');
  await expect(dialog.getByLabel('When')).toBeFocused();
  await lab.page.keyboard.type('weekdays 8:00');
  await lab.click(dialog.getByLabel('mail'));
  await lab.press('Enter');
  await expect(dialog).toHaveCount(0);
  lab.did('notebook');
  const notified = async () => {
    const { items } = await (await server.ask('GET', 'automations')).json();
    return items.map(({ name, notify }: { name: string; notify: { channel: string }[] }) =>
      [name, ...notify.map(({ channel }) => channel)].join(' ')
    );
  };
  await expect.poll(notified).toEqual(['clean mail']);
});

test(
  'R4, R6: a finished schedule has its switch off, and its failure names run, node and cause',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await simplifyExample(server);
    await writeFile(server.file('count.py'), 'raise ValueError("no penguins")\n');
    const at = new Date(Date.now() + 2000).toISOString();
    await server.post('automations', {
      run: { path: 'penguins.nbflow' },
      on: { kind: 'once', at }
    });
    await lab.panel();
    const row = lab.row('automation', 'penguins');
    const isOn = row.getByRole('switch', { name: 'Enabled' });
    await expect(row).toContainText('finished');
    await expect(isOn).not.toBeChecked();
    await expect(isOn).toBeDisabled();
    await expect(lab.page.locator('.Toastify__toast')).toContainText(
      /“Penguins” \(run \d+\) failed in “count.py”: .*ValueError: no penguins/
    );
    await lab.page.screenshot({ path: info.outputPath('finished.png') });
    await row.click({ button: 'right' });
    await expect(lab.menuItem('Edit Automation…')).toBeVisible();
    for (const item of ['Enable Automation', 'Disable Automation']) {
      await expect(lab.menuItem(item)).toHaveCount(0);
    }
  }
);

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
  const row = lab.row('automation', 'penguins');
  await expect(row).toContainText('08:00');
  const boxOf = async (part: string) => (await row.locator(part).boundingBox())!;
  const isOver = (await boxOf('.nby-Switch')).y < (await boxOf('.nby-SideRow-detail')).y;
  expect(isOver).toBe(true); // beside the next time, so that the sentence has its whole line
  await lab.page.screenshot({ path: info.outputPath('panel.png') });

  const choose = async (item: string, of = row) => {
    await of.click({ button: 'right' });
    await lab.menuItem(item).click();
  };
  const isOn = row.getByRole('switch', { name: 'Enabled' });
  await isOn.click();
  await expect(row).toContainText('disabled');
  await expect(isOn).not.toBeChecked();
  await choose('Enable Automation');
  await expect(isOn).toBeChecked();
  await choose('Disable Automation');
  await expect(isOn).not.toBeChecked();
  await choose('Edit Automation…');
  await dialog.getByText('More').click();
  await dialog.getByLabel('Name').fill('morning');
  await lab.press('Enter');
  await expect(dialog).toHaveCount(0);
  const renamed = lab.row('automation', 'morning');
  await expect(renamed).toContainText('disabled');
  await choose('Run Now', renamed);
  await lab.drawer.succeeds();
  await lab.page.locator('.nby-Row[data-noun="run"]').click({ button: 'right' });
  await lab.menuItem('Schedule Run…').click();
  await expect(dialog).toContainText('Schedule “Penguins”');
  await expect(dialog.getByLabel('When')).toBeFocused();
  await lab.press('Enter');
  await expect(lab.row('automation', 'penguins')).toBeVisible();
  await choose('Delete Automation…', renamed);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(renamed).toHaveCount(0);
  await expect(row).toBeVisible();
  expect(await readFile(server.file('penguins.nbflow'), 'utf8')).toContain('nodes');
});

test(
  'R5: runs are grouped by automation, also after a reload',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('hello.sh'), 'echo hello\n');
    await writeFile(server.file('fail.sh'), 'exit 3\n');
    const on = { kind: 'phrase', text: 'weekdays 8:00' };
    for (const [name, path] of [
      ['night', 'hello.sh'],
      ['day', 'fail.sh']
    ]) {
      await server.post('automations', { name, run: { path }, on });
    }
    for (const name of ['night', 'day', 'night', 'day']) {
      await server.post(`automations/${name}/fire`, {});
      await server.post('runs', { path: 'hello.sh' });
    }
    await lab.sidebar();
    const section = lab.section('run');
    const group = section.getByRole('button', { name: 'Group by Automation' });
    await expect(section.locator('.nby-Row')).toHaveCount(5);
    await section.getByRole('button', { name: 'Show More (3)' }).click();
    await expect(section.locator('.nby-Row')).toHaveCount(8);
    await group.click();
    const heads = section.getByRole('rowheader');
    await expect(heads.locator('h3')).toHaveText(['day', 'night', 'Other runs']);
    await expect(heads.first().getByRole('img')).toHaveAccessibleName(/failed.*failed/);
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      await lab.theme(theme);
      const found = await violationsIn(lab.page, '.nby-SideSection[data-noun="run"]');
      expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
      await lab.page.screenshot({ path: info.outputPath(`${theme}.png`) });
    }
    await section.locator('.nby-Row').first().focus();
    await lab.page.keyboard.press('ArrowDown');
    await lab.page.keyboard.press('ArrowDown');
    await expect(section.locator('.nby-Row').nth(2)).toBeFocused();
    await lab.reload();
    await lab.sidebar();
    await expect(heads).toHaveCount(3);
    await expect(group).toHaveAttribute('aria-pressed', 'true');
  }
);
