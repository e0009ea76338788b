/** Tasks of users in few actions, and by keyboard alone. See docs/reference/actions.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { Locator } from '@playwright/test';
import { Lab } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const view = (lab: Lab) => lab.page.locator('.nby-View');

/** Press Tab until the element has the focus. */
async function reach(lab: Lab, element: Locator, key = 'Tab'): Promise<void> {
  const isFocused = () => element.evaluate(one => one === document.activeElement);
  for (let stops = 0; stops < 30 && !(await isFocused()); stops++) {
    await lab.press(key);
  }
  await expect(element).toBeFocused();
}

async function gpuOfClean(server: LabServer): Promise<unknown> {
  return JSON.parse(await readFile(server.file('penguins.nbflow'), 'utf8')).nodes.clean.gpu;
}

test('E11, K3: a node gets a GPU from its card in two actions', async ({ lab, server }, info) => {
  const canvas = await lab.openWorkflow('penguins.nbflow');
  const card = canvas.root.locator('.react-flow__node[data-id="clean"]');
  await card.hover();
  lab.actions = 0;
  await lab.click(card.getByRole('button', { name: 'CPU' }));
  await expect(canvas.picker).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('choices.png') });
  await lab.click(canvas.picker.getByRole('option', { name: '1 GPU' }));
  lab.did('gpu');
  await expect(card.getByRole('button', { name: '1 GPU' })).toBeVisible();
  await lab.execute('docmanager:save');
  await canvas.saved();
  expect(await gpuOfClean(server)).toBe(1);
});

test('E11, K3: a node gets a GPU by keyboard', { tag: '@long' }, async ({ lab, server }) => {
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await canvas.stage.focus();
  lab.actions = 0;
  await lab.press('Control+f');
  await expect(canvas.picker).toBeVisible();
  await lab.page.keyboard.type('clean');
  await lab.press('Enter');
  await expect(canvas.root.locator('.react-flow__node[data-id="clean"]')).toBeFocused();
  await lab.runFromPalette('Choose Resources…');
  await expect(canvas.picker).toBeVisible();
  await lab.page.keyboard.type('1 GPU');
  await lab.press('Enter');
  lab.did('gpu', 'keys');
  await lab.execute('docmanager:save');
  await canvas.saved();
  expect(await gpuOfClean(server)).toBe(1);
});

test('E3, E5: a binary is registered with the arguments of its help in three actions', async ({
  lab
}, info) => {
  await lab.panel();
  lab.actions = 0;
  await lab.dropFile('sort', await readFile('/bin/sort'), 'executable');
  const form = view(lab);
  await expect(form.getByRole('heading')).toContainText('Register “sort”');
  await lab.click(form.getByRole('button', { name: 'Read --help' }));
  await expect(form.getByLabel(/^Role of/).nth(3)).toBeVisible();
  await expect(form.getByRole('region', { name: 'Command line' })).toContainText('--reverse');
  await lab.page.screenshot({ path: info.outputPath('read.png') });
  await lab.click(form.getByRole('button', { name: 'Register', exact: true }));
  lab.did('binary');
  await expect(form.getByRole('heading', { name: 'sort' })).toBeFocused();
  await expect(lab.row('executable', 'sort')).toBeVisible();
});

test('E3, E5: a binary is registered by keyboard', { tag: '@long' }, async ({ lab }) => {
  lab.actions = 0;
  const asked = lab.page.waitForEvent('filechooser');
  await lab.runFromPalette('Register Executable…');
  await (
    await asked
  ).setFiles({
    name: 'sort',
    mimeType: 'application/octet-stream',
    buffer: await readFile('/bin/sort')
  });
  const form = view(lab);
  const read = form.getByRole('button', { name: 'Read --help' });
  await expect(read).toBeVisible();
  await reach(lab, read);
  await lab.press('Enter');
  await expect(form.getByLabel(/^Role of/).nth(3)).toBeVisible();
  await reach(lab, form.getByLabel('Name', { exact: true }), 'Shift+Tab');
  await lab.press('Enter');
  lab.did('binary', 'keys');
  await expect(form.getByRole('heading', { name: 'sort' })).toBeFocused();
});

/** Training fails at its fourth cell, which `mend` corrects. */
async function failing(lab: Lab, server: LabServer): Promise<() => Promise<void>> {
  const path = server.file('train.ipynb');
  const notebook = JSON.parse(await readFile(path, 'utf8'));
  const source = [notebook.cells[3].source].flat().join('');
  notebook.cells[3].source = `raise ValueError("no such penguin")\n`;
  await writeFile(path, JSON.stringify(notebook));
  await lab.openWorkflow('penguins.nbflow');
  await lab.canvas.stage.focus();
  await lab.page.keyboard.press('Control+Enter');
  await expect(lab.drawer.state).toHaveText('failed', { timeout: 60_000 });
  const { failure } = lab.drawer;
  await expect(failure).toContainText('no such penguin');
  await expect(failure.getByRole('button', { name: 'Edit Source' })).toBeEnabled();
  return async () => {
    const cell = lab.page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
    await expect(cell).toContainText('raise ValueError');
    await expect(cell.locator('.cm-content')).toBeFocused();
    await lab.page.keyboard.press('Control+a'); // part of the typing
    await lab.page.keyboard.insertText(source);
    await lab.press('Control+s');
    // not the tab: the notebook changes again when its kernel reports its language
    await expect.poll(() => readFile(path, 'utf8')).not.toContain('no such penguin');
  };
}

test('R9: a failed cell is corrected and the run goes on, in three actions', async ({
  lab,
  server
}) => {
  const mend = await failing(lab, server);
  lab.actions = 0;
  await lab.click(lab.drawer.failure.getByRole('button', { name: 'Edit Source' }));
  await mend();
  await expect(
    lab.drawer.root.getByRole('button', { name: 'Retry From Failure (Old Code)' })
  ).toBeVisible();
  await lab.click(lab.drawer.root.getByRole('button', { name: 'Rerun' }));
  lab.did('retry');
  await expect(lab.drawer.root).toContainText('#2');
  await lab.drawer.succeeds();
});

test(
  'R9: a failed cell is corrected and the run goes on, by keyboard',
  { tag: '@long' },
  async ({ lab, server }) => {
    const mend = await failing(lab, server);
    lab.actions = 0;
    await lab.press('Control+f');
    await expect(lab.canvas.picker).toBeVisible();
    await lab.page.keyboard.type('is:failed');
    await lab.press('Enter');
    await expect(lab.canvas.root.locator('.react-flow__node[data-id="train"]')).toBeFocused();
    await lab.press('o');
    await expect(
      lab.page.locator('.jp-NotebookPanel').getByRole('button', { name: 'Run in Background' })
    ).toBeVisible();
    await mend();
    await lab.press('Control+Shift+BracketLeft');
    await expect(lab.canvas.root.locator('.nby-Canvas-stage:focus-within')).toHaveCount(1);
    await lab.press('Control+Enter');
    lab.did('retry', 'keys');
    await expect(lab.drawer.root).toContainText('#2');
    await lab.drawer.succeeds();
  }
);

test(
  'K7: the notebook in front runs in the background by keyboard',
  { tag: '@long' },
  async ({ lab }) => {
    await lab.openFile('clean.ipynb');
    await expect(lab.page.locator('.jp-NotebookPanel .jp-Cell').nth(2)).toBeVisible();
    lab.actions = 0;
    await lab.runFromPalette('Run in Background…');
    await expect(lab.dialog.getByLabel('input_csv', { exact: true })).toBeFocused();
    await lab.press('Enter');
    lab.did('background', 'keys');
    await lab.drawer.succeeds();
  }
);

test(
  'from the launcher to the results of the example by keyboard',
  { tag: '@long' },
  async ({ lab }) => {
    lab.actions = 0;
    await lab.runFromPalette('Try the Penguins Example');
    await expect(lab.canvas.cards).toHaveCount(5);
    await expect(lab.canvas.root.locator('.nby-Canvas-stage:focus-within')).toHaveCount(1);
    await lab.press('Control+Enter');
    lab.did('example', 'keys');
    await expect(lab.drawer.state).toHaveText('succeeded', { timeout: 200_000 });
  }
);

test('L1: an environment with packages is made by keyboard', async ({ lab }) => {
  lab.actions = 0;
  await lab.runFromPalette('New Environment…');
  await expect(lab.dialog.getByLabel('Name')).toBeFocused();
  await lab.page.keyboard.type('cows');
  await lab.press('Tab');
  await lab.page.keyboard.type('cowsay==6.1');
  await lab.press('Control+Enter');
  lab.did('packages', 'keys');
  await expect(view(lab).getByRole('heading', { name: 'cows' })).toBeFocused();
});
