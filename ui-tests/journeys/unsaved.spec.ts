import { readFile, writeFile } from 'node:fs/promises';
import { Locator } from '@playwright/test';
import { Lab } from '../lab/lab';
import { notebook, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

/** Replace the only cell of the notebook in front, and leave it unsaved. */
async function edit(lab: Lab, tab: Locator, code: string): Promise<void> {
  await tab.click();
  await lab.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .cm-content').first().click();
  await lab.page.keyboard.press('Control+a');
  await lab.page.keyboard.type(code);
  await expect(tab).toHaveClass(/jp-mod-dirty/);
}

test('K1, K5: a run and a retry use what is on the screen', async ({ lab, server }, info) => {
  await writeFile(server.file('clean.ipynb'), notebook('print("first")'));
  const nodes = { clean: { path: 'clean.ipynb', at: [0, 0] as [number, number] } };
  await writeFile(server.file('one.nbflow'), workflow(nodes));
  await lab.openFile('clean.ipynb');
  const { drawer } = lab;
  const [tab, flow] = [lab.tab('clean.ipynb'), lab.tab('one.nbflow')];
  const canvas = await lab.openWorkflow('one.nbflow');

  await edit(lab, tab, 'print("sec" + "ond")');
  await flow.click();
  await lab.execute('nbyard:run-workflow');
  await drawer.succeeds();
  // not the tab: the notebook changes again when its kernel reports its language
  expect(await readFile(server.file('clean.ipynb'), 'utf8')).toContain('sec');
  await drawer.tab('Logs');
  await expect(drawer.body.getByRole('log')).toContainText('second');

  await edit(lab, tab, '1 / 0');
  await flow.click();
  await lab.execute('nbyard:run-workflow');
  await expect(drawer.failure).toContainText('ZeroDivisionError');
  await expect(canvas.stateOf('clean')).toContainText('failed');
  await edit(lab, tab, 'print("men" + "ded")');
  await drawer.root.getByRole('button', { name: /^Retry From Failure/ }).click();
  await expect(lab.dialog).toContainText('The code changed');
  await lab.page.screenshot({ path: info.outputPath('retry.png') });
  await lab.dialog.getByRole('button', { name: 'Rerun With New Code' }).click();
  await expect(drawer.root).toContainText('#3');
  await drawer.succeeds();
  await drawer.tab('Logs');
  await expect(drawer.body.getByRole('log')).toContainText('mended');
});
