import { readFile, writeFile } from 'node:fs/promises';
import { Locator, TestInfo } from '@playwright/test';
import { Lab } from '../lab/lab';
import { expect, test } from '../lab/test';

async function fromFileBrowser(lab: Lab, file: string, item: string): Promise<void> {
  await lab.click(lab.file(file), { button: 'right' });
  await lab.click(lab.menuItem(item));
}

function form(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

/** The fields of the last parameter; its help has a row of its own. */
function lastParameter(view: Locator): Locator {
  return view
    .getByRole('row')
    .filter({ has: view.page().getByLabel(/^Name of/) })
    .last();
}

test(
  'E1, E3, E10: a notebook is registered from the file browser and tried alone',
  { tag: '@long' },
  async ({ lab }) => {
    await fromFileBrowser(lab, 'clean.ipynb', 'Register as Executable…');
    const view = form(lab);
    await expect(view.getByRole('heading')).toContainText('Register “clean”');
    const argument = (name: string) => view.getByRole('row').filter({ hasText: name });
    await expect(view.getByLabel('Role of input_csv')).toHaveValue('input');
    await expect(view.getByLabel('Format of input_csv')).toHaveValue('csv');
    await expect(view.getByLabel('Type of drop_missing')).toHaveValue('bool');
    await expect(view.getByLabel('Help of drop_missing')).toHaveValue(/leave out rows/);
    await expect(argument('species')).toBeVisible();
    await lab.click(view.getByRole('button', { name: 'Register' }));
    await expect(view.getByRole('tab', { name: 'Test run' })).toBeVisible();
    await lab.panel();
    await expect(lab.row('executable', 'clean')).toContainText('input_csv');

    await lab.click(view.getByRole('tab', { name: 'Test run' }));
    await view.getByLabel('input_csv', { exact: true }).fill('penguins.csv');
    await lab.click(view.getByRole('button', { name: 'Run', exact: true }));
    await lab.drawer.succeeds();
    await lab.drawer.tab('Logs');
    await expect(lab.drawer.body.getByRole('log')).toContainText('2 of 344 rows left out');
    await lab.drawer.tab('Results');
    await expect(lab.drawer.row('output_csv')).toBeVisible();
  }
);

test(
  'E4, E5, E11: a script with arguments and resources; a name used twice is refused on its field',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('count.sh'), 'wc -l < "$2" > "$4"\necho counted\nexit "$6"\n');
    await fromFileBrowser(lab, 'count.sh', 'Register as Executable…');
    const view = form(lab);
    const add = async (name: string, role: string, word: string) => {
      await view.getByRole('button', { name: 'Add a Parameter' }).click();
      const row = lastParameter(view);
      await row.getByLabel(/^Name of/).fill(name);
      await row.getByLabel(/^Role of/).selectOption(role);
      await row.getByLabel(/^How it is passed/).selectOption('option');
      await row.getByLabel(/^Flag or position/).fill(word);
    };
    const promised = view.getByRole('region', { name: 'Command line' });
    await add('table', 'input', '--table');
    await expect(promised).toContainText('sh count.sh --table <table>');
    await add('lines', 'output', '--lines');
    await expect(promised).toContainText('sh count.sh --table <table> --lines lines');
    await add('table', 'value', '--code');
    await expect(promised).toContainText("the name 'table' is used twice");
    await expect(promised).toContainText('sh count.sh --table <table> --lines lines');
    await view.getByRole('button', { name: 'Register' }).click();
    const last = lastParameter(view);
    await expect(last.getByRole('alert')).toContainText(/table|twice|name/i);
    await last.getByLabel(/^Name of/).fill('code');
    await expect(promised.getByRole('row')).toContainText('"-x" → --code -x');
    await lab.page.screenshot({ path: info.outputPath('command-line.png') });
    await last.getByLabel(/^Type of/).selectOption('int');
    await view.getByText('Resources', { exact: true }).click();
    await view.getByLabel('Memory', { exact: true }).fill('512 MiB');
    await view.getByText('Limits, retries and cache').click();
    await view.getByLabel('Retries', { exact: true }).fill('-1');
    await view.getByRole('button', { name: 'Register' }).click();
    await expect(view.getByRole('alert').filter({ hasText: 'retries must be' })).toBeVisible();
    await view.getByLabel('Retries', { exact: true }).fill('1');
    await view.getByRole('button', { name: 'Register' }).click();
    const tab = view.getByRole('tab', { name: 'Test run' });
    await expect(tab).toBeVisible();
    const { resources } = JSON.parse(await readFile(server.file('count.sh.nbexec'), 'utf8'));
    expect(resources).toEqual({ memory_bytes: 512 * 2 ** 20, retries: 1 });

    await tab.click();
    await view.getByLabel('table', { exact: true }).fill('penguins.csv');
    await view.getByLabel('code', { exact: true }).fill('3');
    await view.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(lab.drawer.state).toHaveText('failed', { timeout: 30_000 });
    await expect(lab.drawer.failure).toContainText('exit code 3');
    await expect(lab.drawer.body.getByRole('row').filter({ hasText: 'process' })).toHaveCount(2);
    await lab.drawer.tab('Logs');
    await expect(lab.drawer.body.getByRole('log')).toContainText('counted');
  }
);

test(
  'E5: a script without files is saved, runs alone, and is connected once it names one',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('hello.sh'), 'echo hello\n');
    await fromFileBrowser(lab, 'hello.sh', 'Register as Executable…');
    const view = form(lab);
    await expect(view).toContainText('no named input or output');
    await lab.page.screenshot({ path: info.outputPath('form.png') });
    await view.getByRole('button', { name: 'Register' }).click();
    await view.getByRole('tab', { name: 'Test run' }).click();
    await view.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(lab.drawer.state).toHaveText('succeeded', { timeout: 30_000 });

    await lab.fileBrowser();
    await lab.execute('nbyard:create-workflow');
    const { canvas } = lab;
    await lab.drag(lab.file('penguins.csv'), await canvas.at(0.2, 0.3));
    await lab.drag(canvas.row('hello'), await canvas.at(0.6, 0.6));
    await canvas.card('hello.sh').click();
    await lab.press('c');
    await expect(canvas.notice).toContainText('no named input or output');
    await lab.drag(canvas.output('penguins.csv', 'data'), canvas.card('hello.sh'));
    await expect(canvas.notice).toContainText('no named input.');
    await expect(canvas.arrows).toHaveCount(0);
    await lab.page.screenshot({ path: info.outputPath('canvas.png') });

    const told = { version: 1, arguments: [{ name: 'table', role: 'input' }] };
    await writeFile(server.file('hello.sh.nbexec'), JSON.stringify(told));
    await canvas.save();
    await lab.reload();
    await lab.drag(canvas.output('penguins.csv', 'data'), canvas.card('hello.sh'));
    await expect(canvas.arrows).toHaveCount(1);
  }
);

test(
  'E6: a notebook without a parameters cell gets one with a click',
  { tag: '@long' },
  async ({ lab, server }) => {
    const notebook = JSON.parse(await readFile(server.file('clean.ipynb'), 'utf8'));
    notebook.cells[1].metadata = {};
    await writeFile(server.file('plain.ipynb'), JSON.stringify(notebook));
    await fromFileBrowser(lab, 'plain.ipynb', 'Register as Executable…');
    const view = form(lab);
    await expect(view).toContainText(/no parameters cell/i);
    await lab.click(view.getByRole('button', { name: 'Tag Cell 2' }));
    await expect(view.getByLabel('Role of output_csv')).toHaveValue('output');
    await expect(view).not.toContainText(/no parameters cell/i);
    const tagged = JSON.parse(await readFile(server.file('plain.ipynb'), 'utf8'));
    expect(tagged.cells[1].metadata.tags).toEqual(['parameters']);
  }
);

test(
  'E6: a cell is tagged in the inspector and before a background run, also in an open notebook',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const notebook = JSON.parse(await readFile(server.file('clean.ipynb'), 'utf8'));
    notebook.cells[1].metadata = {};
    notebook.nbformat_minor = 4; // without IDs of cells, which a shared document adds
    notebook.cells.forEach((cell: { id?: string }) => delete cell.id);
    for (const name of ['open.ipynb', 'closed.ipynb']) {
      await writeFile(server.file(name), JSON.stringify(notebook));
    }
    const tagsIn = async (name: string) =>
      JSON.parse(await readFile(server.file(name), 'utf8')).cells[1].metadata.tags;
    await fromFileBrowser(lab, 'closed.ipynb', 'Run in Background…');
    await lab.page.screenshot({ path: info.outputPath('dialog.png') });
    await lab.dialog.getByRole('button', { name: 'Tag Cell 2' }).click();
    await expect(lab.dialog.getByRole('textbox', { name: 'input_csv' })).toBeVisible();
    expect(await tagsIn('closed.ipynb')).toEqual(['parameters']);
    await lab.press('Escape');

    await lab.execute('docmanager:open', { path: 'open.ipynb' });
    await lab.execute('nbyard:create-workflow');
    const { canvas } = lab;
    await lab.drag(lab.file('open.ipynb'), await canvas.at(0.5, 0.5));
    await canvas.card('open.ipynb').click();
    await lab.page.screenshot({ path: info.outputPath('inspector.png') });
    await canvas.inspector.getByRole('button', { name: 'Tag Cell 2' }).click();
    await expect(canvas.output('open.ipynb', 'output_csv')).toBeVisible();
    expect(await tagsIn('open.ipynb')).toEqual(['parameters']);
    await expect(canvas.inspector).not.toContainText(/no parameters cell/i);
  }
);

test(
  'K7, R2: a notebook runs in the background with other values',
  { tag: '@long' },
  async ({ lab }) => {
    await fromFileBrowser(lab, 'clean.ipynb', 'Run in Background…');
    const { dialog } = lab;
    const input = dialog.getByRole('textbox', { name: 'input_csv' });
    await expect(input).toBeFocused(); // until then the dialog moves the focus
    await dialog.getByLabel('species').fill('["Gentoo"]');
    await input.fill('penguins.csv');
    await lab.press('Enter');
    expect(lab.actions).toBeLessThanOrEqual(3); // right click, item, Enter
    await lab.drawer.succeeds();
    await lab.drawer.tab('Output');
    await expect(lab.drawer.body).toContainText('221 of 344 rows left out');
  }
);

test(
  'D10, D4: a file becomes a dataset from its menu; a new notebook opens it',
  { tag: '@long' },
  async ({ lab }) => {
    await fromFileBrowser(lab, 'penguins.csv', 'Register as Dataset');
    await lab.panel();
    const row = lab.row('dataset', 'penguins.csv');
    await expect(row).toContainText('344 × 8');
    await row.click({ button: 'right' });
    await lab.click(lab.menuItem('New Notebook'));
    await expect(lab.page.locator('.jp-Notebook .jp-CodeCell').first()).toContainText(
      'NBYARD_RESOURCES'
    );
    await expect(lab.page.locator('#jp-main-statusbar')).toContainText('Idle', { timeout: 60_000 });
    await lab.page.locator('.jp-Notebook .jp-CodeCell').first().click();
    await lab.press('Shift+Enter');
    await expect(lab.page.locator('.jp-Notebook .jp-OutputArea-output').first()).toContainText(
      'Torgersen',
      { timeout: 60_000 }
    );
  }
);

test(
  'E1: a file that has a name already keeps it; a taken name is refused on its field, and a free one offered',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await server.ask('POST', 'executables', { path: 'train.ipynb', name: 'clean' });
    const made = await server.ask('POST', 'executables', { path: 'clean.ipynb' });
    expect(await made.json()).toMatchObject({ name: 'clean 2' });
    await fromFileBrowser(lab, 'clean.ipynb', 'Register as Executable…');
    const view = form(lab);
    const name = view.getByLabel('Name', { exact: true });
    await expect(view.getByRole('heading', { name: 'Register “clean 2” again' })).toBeVisible();
    await expect(name).toHaveValue('clean 2');
    await name.fill('clean');
    await name.press('Enter');
    await expect(name).toBeFocused();
    await expect(name).toHaveAccessibleDescription(/The executable 'clean' already exists/);
    await lab.page.screenshot({ path: info.outputPath('taken.png') });
    await view.getByRole('button', { name: 'Use “clean 3”' }).click();
    await expect(view.getByRole('heading', { name: 'clean 3' })).toBeFocused();
  }
);

test(
  'D5: a file whose name a dataset has becomes its next version, or one beside it',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const register = () => fromFileBrowser(lab, 'penguins.csv', 'Register as Dataset');
    const current = async () => {
      const answer = await server.ask('GET', 'datasets/penguins.csv');
      const { current: newest } = (await answer.json()) as { current?: Record<string, unknown> };
      return [newest?.number, newest?.state];
    };
    await register();
    await expect.poll(current).toEqual([1, 'ready']);
    await register();
    await expect(lab.dialog).toContainText("The dataset 'penguins.csv' already exists");
    await lab.page.screenshot({ path: info.outputPath('taken.png') });
    await lab.dialog.getByRole('button', { name: 'Add as Version 2' }).click();
    await expect.poll(current).toEqual([2, 'ready']);
    await register();
    await lab.dialog.getByRole('button', { name: 'Keep both' }).click();
    await lab.panel();
    await expect(lab.row('dataset', 'penguins.csv')).toContainText('v2');
    await expect(lab.row('dataset', 'penguins 2.csv')).toContainText('344 × 8');
  }
);

interface ITold {
  name: string;
  role?: string;
  type?: string;
  format?: string;
  how: string;
  word?: string;
  default?: string;
  choices?: string;
}

/** Describe one more argument of a command. */
async function describeArgument(view: Locator, told: ITold): Promise<void> {
  await view.getByRole('button', { name: 'Add a Parameter' }).click();
  const row = lastParameter(view);
  await row.getByLabel(/^Name of/).fill(told.name);
  await row.getByLabel(/^Role of/).selectOption(told.role ?? 'value');
  if (told.type) {
    await row.getByLabel(/^Type of/).selectOption(told.type);
  }
  if (told.choices) {
    await row.getByLabel(/^Choices of/).fill(told.choices);
  }
  if (told.format) {
    await row.getByLabel(/^Format of/).fill(told.format);
  }
  if (told.default) {
    await row.getByLabel(/^Default of/).fill(told.default);
  }
  await row.getByLabel(/^How it is passed/).selectOption(told.how);
  if (told.word) {
    await row.getByLabel(/^Flag or position/).fill(told.word);
  }
}

test(
  'E1, E3, E4, E9, E10: notebook, binary and script are uploaded and tried; exit code 3; the next upload is a new version',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await lab.panel();
    await notebook(lab, await readFile(server.file('clean.ipynb')));
    await binary(lab, info);
    await script(lab, info);
  }
);

async function notebook(lab: Lab, content: Buffer): Promise<void> {
  await lab.choose(lab.panelButton('upload-executable'), { name: 'clean.ipynb', content });
  const view = form(lab);
  await expect(view.getByLabel('Role of input_csv')).toHaveValue('input');
  await view.getByLabel('Name', { exact: true }).press('Enter');
  await expect(view.getByRole('heading', { name: 'clean' })).toBeFocused();
  await expect(lab.row('executable', 'clean')).toContainText('output_csv');
}

/** With flags, a variable and streams. */
async function binary(lab: Lab, info: TestInfo): Promise<void> {
  const content = await readFile('/bin/sort');
  await lab.choose(lab.panelButton('upload-executable'), { name: 'sort', content });
  const view = form(lab);
  await expect(view.getByRole('heading')).toContainText('Register “sort”');
  await expect(view.getByRole('textbox', { name: 'Command' })).toHaveValue('{file}');
  await describeArgument(view, { name: 'table', role: 'input', how: 'stdin' });
  await describeArgument(view, { name: 'sorted', role: 'output', format: 'csv', how: 'stdout' });
  await describeArgument(view, { name: 'reverse', type: 'bool', how: 'flag', word: '-r' });
  await describeArgument(view, { name: 'key', type: 'int', how: 'joined' });
  await describeArgument(view, { name: 'between', how: 'option', word: '-t', default: ',' });
  await describeArgument(view, {
    name: 'lc_all',
    type: 'choice',
    how: 'variable',
    choices: 'C, POSIX',
    default: 'C'
  });
  await expect(view.getByRole('region', { name: 'Command line' })).toContainText(
    'LC_ALL=C sort -r --key=<key> -t , < <table> > sorted.csv'
  );
  await lab.page.screenshot({ path: info.outputPath('form.png') });
  await view.getByLabel('Name', { exact: true }).press('Enter');
  await expect(view.getByRole('heading', { name: 'sort' })).toBeFocused();
  await expect(lab.row('executable', 'sort')).toContainText('table');

  await view.getByRole('tab', { name: 'Test run' }).click();
  await view.getByLabel('table', { exact: true }).fill('penguins.csv');
  await view.getByLabel('reverse').selectOption('true');
  await view.getByLabel('lc_all').selectOption('POSIX');
  await view.getByLabel('key').fill('2');
  await lab.page.screenshot({ path: info.outputPath('test.png') });
  await lab.press('Enter');
  await lab.drawer.succeeds(30_000);
  await lab.drawer.tab('Results');
  await lab.drawer.row('sorted').click();
  await expect(lab.drawer.body).toContainText('Torgersen');
  await lab.page.screenshot({ path: info.outputPath('result.png') });
}

const LATEST = `
import sys
print("asked for", sys.argv[1:])
sys.exit(3 if sys.argv[1] == "stop" else 0)
`;

/** It fails; its next upload has the fault elsewhere. */
async function script(lab: Lab, info: TestInfo): Promise<void> {
  const add = lab.panelButton('upload-executable');
  await lab.choose(add, { name: 'decide.py', content: Buffer.from(LATEST) });
  const view = form(lab);
  await describeArgument(view, { name: 'word', how: 'positional' });
  await describeArgument(view, { name: 'extras', type: 'json', how: 'positional', default: '{}' });
  await view.getByRole('button', { name: 'Register', exact: true }).click();
  await view.getByRole('tab', { name: 'Test run' }).click();
  await view.getByLabel('word').fill('stop');
  await view.getByLabel('extras').fill('{"a": ');
  await lab.press('Shift+Enter');
  await lab.page.keyboard.type('1');
  await lab.press('Enter');
  await expect(view.getByRole('alert')).toContainText('Enter valid JSON');
  await lab.page.keyboard.type('}');
  await lab.press('Enter');
  await expect(lab.drawer.state).toHaveText('failed', { timeout: 30_000 });
  await expect(lab.drawer.failure).toContainText('exit code 3');
  await expect(lab.drawer.failure).toContainText("asked for ['stop', '{\"a\": 1}']");
  await lab.page.screenshot({ path: info.outputPath('failed.png') });

  const changed = Buffer.from(LATEST.replace('exit(3', 'exit(4'));
  await lab.choose(add, { name: 'decide.py', content: changed });
  await expect(view.getByRole('heading', { name: 'Register “decide”' })).toBeVisible();
  await view.getByRole('button', { name: 'Register', exact: true }).click();
  await expect(view.getByRole('alert').filter({ hasText: 'decide' })).toBeVisible();
  await expect(view.getByLabel('Name', { exact: true })).toBeFocused();
  await expect(view.getByRole('button', { name: 'Use “decide 2”' })).toBeVisible();
  await view.getByRole('button', { name: 'Add as Version 2' }).click();
  await expect(lab.tab('decide')).toHaveCount(1); // the one that was open already
  await expect(view).toContainText('version 2');
  await expect(view.getByRole('heading', { name: 'decide' })).toBeFocused();
  await view.getByRole('tab', { name: 'Versions' }).click();
  await expect(view.locator('.nby-Diff .nby-mod-added')).toContainText('exit(4');
}

test(
  'E9: a version that is made elsewhere is seen at once, with what is new in it',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await fromFileBrowser(lab, 'clean.ipynb', 'Register as Executable…');
    const view = form(lab);
    await view.getByRole('button', { name: 'Register', exact: true }).click();
    await expect(view).toContainText('version 1');
    await writeFile(server.file('beside.py'), 'LIMIT = 100\n');
    await server.post('runs', { path: 'clean.ipynb', parameters: { input_csv: 'penguins.csv' } });
    await expect(view).toContainText('version 2');
    const tab = view.getByRole('tab', { name: 'Versions' });
    await expect(tab).toContainText('2');
    await tab.click();
    await expect(view.getByRole('row').nth(1)).toContainText('other files of the bundle');
    await lab.page.screenshot({ path: info.outputPath('bundle.png') });
  }
);

test(
  'E9: a changed notebook is a new version, and what changed is seen',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await fromFileBrowser(lab, 'clean.ipynb', 'Register as Executable…');
    const view = form(lab);
    await view.getByRole('button', { name: 'Register', exact: true }).click();
    await expect(view).toContainText('version 1');
    await lab.openFile('clean.ipynb');
    const cell = lab.page.locator('.jp-Notebook .jp-CodeCell').first();
    await cell.locator('.cm-content').click();
    await lab.press('Control+End');
    await lab.press('Enter');
    await lab.page.keyboard.type('limit: int = 100  # at most so many rows');
    await lab.press('Control+s');
    await lab.tab('clean').first().click();
    await expect(view).toContainText('Its file has changed since version 1');
    await lab.page.screenshot({ path: info.outputPath('changed.png') });
    await view.getByRole('button', { name: 'Create the New Version Now' }).click();
    await expect(view).toContainText('version 2');
    await expect(view.getByRole('status')).toContainText('1 line added, 0 removed');
    await expect(view.locator('.nby-Diff .nby-mod-added')).toContainText('limit: int = 100');
    await lab.page.screenshot({ path: info.outputPath('diff.png') });
    await view.getByRole('tab', { name: 'Parameters' }).click();
    await expect(view.getByLabel('Type of limit')).toHaveValue('int');
    await expect(view).not.toContainText('Its file has changed');
  }
);
