import { writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

const THEMES = ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast'];
const SECRET = 's3cr3t-CANARY';
const TOOL = `
import os
print("has", len(os.environ["TOKEN"]), os.environ["TOKEN"])
`;
const ARGUMENTS = [
  {
    name: 'token',
    type: 'secret',
    required: true,
    reach: { kind: 'variable', variable: 'TOKEN' }
  }
];

async function findings(lab: Lab, place: string): Promise<string[]> {
  const violations = await violationsIn(lab.page, place);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id} at ${node.target.join(' ')}: ${node.failureSummary}`)
  );
}

test('S1, E3: a credential is kept, chosen for a run, replaced and deleted, and never shown', async ({
  lab,
  server
}, info) => {
  const { page, dialog } = lab;
  const found: string[] = [];
  const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
  await writeFile(server.file('tool.py'), TOOL);
  const told = { version: 1, arguments: ARGUMENTS };
  await writeFile(server.file('tool.py.nbexec'), JSON.stringify(told));
  await server.post('executables', { path: 'tool.py' });

  const panel = await lab.panel();
  await expect(panel).toContainText('Their values are never shown again.');
  found.push(...(await findings(lab, '#nbyard-sidebar')));
  await lab.click(lab.panelButton('create-credential').first());
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await dialog.getByLabel('Name').fill('api');
  const secret = dialog.getByLabel('Secret');
  await expect(secret).toHaveAttribute('type', 'password');
  await lab.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('a value is needed');
  await expect(secret).toBeFocused();
  await secret.fill(SECRET);
  for (const theme of THEMES) {
    await lab.theme(theme);
    found.push(...(await findings(lab, '.jp-Dialog')));
    await picture(`dialog ${theme}`);
  }
  await lab.theme(THEMES[0]);
  await secret.press('Enter');
  await expect(lab.row('credential', 'api')).toContainText('token');
  await expect(lab.row('credential', 'api')).toBeFocused();
  await expect(lab.row('credential', 'api')).toBeInViewport({ ratio: 1 });
  await picture('kept');

  await lab.execute('nbyard:create-artifact');
  const view = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
  await view.getByLabel('Executable').selectOption({ label: 'tool' });
  await view.getByLabel('token').selectOption({ label: 'api' });
  await picture('form');
  await view.getByRole('button', { name: 'Create' }).click();
  await expect(view.getByRole('log')).toContainText(`has ${SECRET.length} ***`);
  await view.getByRole('tab', { name: 'Details' }).click();
  await expect(view.getByRole('row', { name: 'token "api"' }).first()).toBeVisible();
  await picture('run');

  await lab.row('credential', 'api').focus();
  await lab.press('Enter');
  await expect(dialog).toContainText('Leave the field empty to keep the current value.');
  await expect(secret).toHaveValue('');
  await secret.fill('another');
  await secret.press('Enter');
  await expect(lab.row('credential', 'api')).toContainText('v2');

  await lab.row('credential', 'api').focus();
  await lab.press('Delete');
  await expect(dialog).toContainText('Delete “api”?');
  await lab.press('Enter');
  await expect(lab.row('credential', 'api')).toHaveCount(0);
  expect(await page.content()).not.toContain(SECRET);
  expect(found).toEqual([]);
});
