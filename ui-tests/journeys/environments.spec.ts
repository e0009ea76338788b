import { Locator } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { violationsIn } from '../lab/axe';
import { Lab } from '../lab/lab';
import { notebook, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

/** Finding out and installing goes to the package index. */
const PATIENCE = { timeout: 120_000 };

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

/** The state in the header. */
function state(lab: Lab): Locator {
  return view(lab).locator('.nby-View-header .nby-StateMark');
}

function addField(lab: Lab): Locator {
  return view(lab).getByRole('textbox', { name: 'Add packages' });
}

/** The only notebook that is open. */
async function run(lab: Lab, code: string): Promise<Locator> {
  const notebook = lab.page.locator('.jp-NotebookPanel');
  await notebook.locator('.jp-CodeCell').first().waitFor();
  await lab.page.evaluate(() => {
    const { shell } = (window as never as { jupyterapp: IApp }).jupyterapp;
    return shell.currentWidget.sessionContext.ready;
  });
  const cells = notebook.locator('.jp-CodeCell');
  const cell = cells.nth((await cells.count()) - 1);
  await cell.locator('.cm-content').click();
  await lab.page.keyboard.insertText(code);
  await lab.page.keyboard.press('Shift+Enter');
  return cell.locator('.jp-OutputArea-output');
}

interface IApp {
  shell: { currentWidget: { sessionContext: { ready: Promise<void> } } };
}

async function findings(lab: Lab, place: string): Promise<string[]> {
  const violations = await violationsIn(lab.page, place);
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.failureSummary}`));
}

test(
  'L1, L2: an environment is made, used, changed; what fails leaves it as it was',
  { tag: '@long' },
  async ({ lab }, info) => {
    const { page, dialog } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    await lab.panel();
    lab.actions = 0;
    await lab.click(lab.panelButton('create-environment'));
    await expect(dialog.getByLabel('Name')).toBeFocused();
    await page.keyboard.type('cows');
    await lab.press('Tab');
    await page.keyboard.type('cowsay==6.1');
    await picture('new');
    await lab.press('Control+Enter');
    lab.did('packages'); // +, to the packages, Ctrl+Enter
    await expect(view(lab).getByRole('heading', { name: 'cows' })).toBeFocused();
    await expect(view(lab).getByRole('log')).toContainText(/cowsay/i, PATIENCE);
    await picture('building');
    await expect(state(lab)).toHaveText('installed', PATIENCE);
    await expect(lab.row('environment', 'cows')).toContainText('installed');
    await expect(lab.row('environment', 'cows')).toContainText(/\d+ packages/);
    await picture('installed');

    await view(lab).getByRole('button', { name: 'New Notebook with Environment' }).click();
    const imports = 'import cowsay, sys; print(cowsay.__name__, "environments" in sys.prefix)';
    await expect(await run(lab, imports)).toHaveText(/cowsay True/, PATIENCE);
    await picture('notebook');

    await lab.row('environment', 'cows').click();
    await addField(lab).fill('polars\n\n-e git+https://somewhere/x\nnot a requirement');
    await addField(lab).press('Enter');
    const refusal = view(lab).getByRole('alert');
    await expect(refusal).toContainText(
      "Line 3: '-e git+https://somewhere/x': the option -e is not allowed"
    );
    await expect(refusal).toContainText('Line 4:');
    await expect(addField(lab)).toBeFocused();
    await expect(view(lab)).toContainText('version 1');
    await picture('refused');

    await addField(lab).fill('nothere-xyz-123');
    await view(lab).getByRole('button', { name: 'Install', exact: true }).click();
    await expect(state(lab)).toHaveText('failed', PATIENCE);
    await expect(refusal).toContainText('nothere-xyz-123');
    await expect(refusal).toContainText('The environment is unchanged: version 1 is installed.');
    await expect(addField(lab)).toHaveValue('nothere-xyz-123');
    await picture('failed');
    await lab.tab('Untitled.ipynb').click();
    await page.locator('[data-command="notebook:restart-kernel"]').click();
    await dialog.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(await run(lab, 'import cowsay; print(cowsay.__name__, 2)')).toHaveText(
      /cowsay 2/,
      PATIENCE
    );

    await lab.row('environment', 'cows').click();
    await addField(lab).fill('iniconfig');
    await view(lab).getByRole('button', { name: 'Preview' }).click();
    const preview = view(lab).getByRole('region', { name: 'Changes' });
    await expect(preview).toContainText(/added: ?iniconfig/, PATIENCE);
    await expect(state(lab)).toHaveText('failed'); // nothing was installed
    await picture('preview');
    await addField(lab).press('Enter');
    await expect(state(lab)).toHaveText('installed', PATIENCE);
    await expect(addField(lab)).toHaveValue('');

    await view(lab).getByRole('tab', { name: 'Packages' }).click();
    await view(lab).getByRole('searchbox', { name: 'Filter packages' }).fill('inicon');
    const packages = view(lab).getByRole('table', { name: 'Packages' });
    await expect(packages.getByRole('row')).toHaveCount(2);
    await view(lab).getByRole('searchbox', { name: 'Filter packages' }).fill('');
    await picture('packages');
    await view(lab).getByRole('tab', { name: 'Versions' }).click();
    await expect(view(lab).getByRole('table', { name: 'Versions' }).getByRole('row')).toHaveCount(
      4
    );
    const changes = view(lab).getByRole('region', { name: 'Changes' });
    await expect(changes).toContainText(/added: ?iniconfig/);
    const compare = view(lab).getByRole('region', { name: 'Compare versions' });
    const newer = compare.getByRole('combobox').last();
    await newer.selectOption({ index: 1 });
    await expect(view(lab)).toContainText('Both versions have the same packages.');
    await newer.selectOption({ index: 0 });
    await expect(changes).toBeVisible();
    await picture('versions');

    const found: string[] = [];
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast']) {
      await lab.theme(theme);
      for (const tab of ['Packages', 'Log', 'Versions']) {
        await view(lab).getByRole('tab', { name: tab }).click();
        found.push(...(await findings(lab, '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View')));
        await picture(`${theme}-${tab}`);
      }
      found.push(...(await findings(lab, '#nbyard-sidebar')));
    }
    expect(found).toEqual([]);
    await lab.theme('JupyterLab Light');

    await view(lab).getByRole('tab', { name: 'Packages' }).click();
    await view(lab).getByRole('button', { name: 'Remove iniconfig' }).click();
    await expect(state(lab)).toHaveText('installed', PATIENCE);
    await expect(view(lab)).toContainText('version 4');

    await lab.row('environment', 'cows').click({ button: 'right' });
    await lab.menuItem('Delete Environment…').click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(lab.row('environment', 'cows')).toHaveCount(0);
  }
);

test(
  'L1, L6: an environment is made without a mouse; a refusal stands at its field',
  { tag: '@long' },
  async ({ lab }, info) => {
    const { page, dialog } = lab;
    const palette = page.locator('#modal-command-palette');
    const ask = async () => {
      await expect(async () => {
        if (!(await dialog.isVisible())) {
          if (!(await palette.isVisible())) {
            await lab.press('Control+Shift+c');
          }
          await palette.locator('input').fill('New Environment', { timeout: 2000 });
          const active = palette.locator('.lm-CommandPalette-item.lm-mod-active');
          await expect(active).toContainText('New Environment', { timeout: 2000 });
          await lab.press('Enter');
        }
        await expect(dialog.getByLabel('Name')).toBeFocused({ timeout: 5000 });
      }).toPass({ timeout: 30_000 }); // JupyterLab moves the focus at its start, and the palette closes
    };
    await ask();
    await lab.press('Escape');
    await expect(dialog).toHaveCount(0);

    await ask();
    await page.keyboard.type('moo/');
    await lab.press('Tab');
    await dialog.getByLabel('Packages').fill('six\n--index-url https://elsewhere'); // as pasted
    await lab.press('Control+Enter');
    await expect(dialog.getByRole('alert')).toContainText('may not contain /');
    await expect(dialog.getByLabel('Name')).toBeFocused();
    await page.keyboard.type('moo');
    await lab.press('Enter');
    await expect(dialog.getByRole('alert')).toContainText(
      "Line 2: '--index-url https://elsewhere': the option --index-url is not allowed"
    );
    await expect(dialog.getByLabel('Packages')).toBeFocused();
    await page.screenshot({ path: info.outputPath('refused.png') });
    const requirements = {
      name: 'requirements.txt',
      content: Buffer.from('# mine\nsix==1.17.0\n')
    };
    await lab.choose(dialog.getByRole('button', { name: 'From File…' }), requirements);
    await expect(dialog.getByLabel('Packages')).toHaveValue('# mine\nsix==1.17.0\n');
    await dialog.getByLabel('Packages').press('Control+Enter');
    await expect(view(lab).getByRole('heading', { name: 'moo' })).toBeFocused();
    await expect(state(lab)).toHaveText('installed', PATIENCE);

    await ask(); // the name is taken
    await page.keyboard.type('moo');
    await lab.press('Enter');
    await expect(dialog.getByRole('alert')).toContainText('already');
    await expect(dialog.getByLabel('Name')).toBeFocused();
    await lab.press('Escape');
    await expect(dialog).toHaveCount(0);
  }
);

test(
  'L1: a first install that failed says what to do, and is mended in one step',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    expect(await server.shell('environments', 'create', 'moo', 'nothere-xyz-123')).toBe(1);
    await lab.panel();
    const row = lab.row('environment', 'moo');
    await expect(row).toContainText('open it to retry, or delete it');
    await row.click();
    const alert = view(lab).getByRole('alert');
    await expect(alert).toContainText('nothere-xyz-123');
    await expect(alert).toContainText(
      'Correct the packages and try again, or delete the environment.'
    );
    const field = view(lab).getByRole('textbox', { name: 'Packages of the environment' });
    await expect(field).toHaveValue('nothere-xyz-123');
    await lab.page.screenshot({ path: info.outputPath('failed.png') });
    expect(await findings(lab, '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View')).toEqual([]);
    await field.fill('iniconfig');
    await field.press('Enter');
    await expect(state(lab)).toHaveText('installed', PATIENCE);
    await expect(addField(lab)).toHaveValue('');
  }
);

test(
  'L2, E11: what a step lacked is added to an environment, and the run goes on in it',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { drawer } = lab;
    const picture = (name: string) => lab.page.screenshot({ path: info.outputPath(`${name}.png`) });
    await writeFile(server.file('moo.ipynb'), notebook('import cowsay; print(cowsay.__name__)'));
    await writeFile(
      server.file('moo.nbflow'),
      workflow({ moo: { path: 'moo.ipynb', at: [0, 0] } })
    );
    expect(await server.shell('environments', 'create', 'cows', 'iniconfig')).toBe(0);
    const canvas = await lab.openWorkflow('moo.nbflow');
    await canvas.button('run-workflow').click();
    await expect(drawer.state).toHaveText('failed', PATIENCE);
    const add = drawer.root.getByRole('button', { name: 'Add cowsay to an Environment and Retry' });
    await add.focus();
    await lab.press('Enter');
    await expect(drawer.root.getByLabel('Environment')).toHaveValue('cows');
    await drawer.root.getByRole('button', { name: 'Preview' }).click();
    const preview = drawer.root.getByRole('region', { name: 'Changes' });
    await expect(preview).toContainText(/added: ?cowsay/, PATIENCE);
    await picture('preview');
    expect(await findings(lab, '.nby-AddMissing')).toEqual([]);
    await drawer.root.getByRole('button', { name: 'Install and Retry' }).click();
    await expect(drawer.root).toContainText('#2', PATIENCE);
    await expect(drawer.state).toHaveText('succeeded', PATIENCE);
    await picture('succeeded');
  }
);

test(
  'L2: an installed environment is used in the notebook that was open last',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page, dialog } = lab;
    const picture = (name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
    const use = (name: string) => ({ name: `Use Here${name}`, exact: true });
    expect(await server.shell('environments', 'create', 'cows', 'iniconfig')).toBe(0);
    await lab.panel();
    await lab.row('environment', 'cows').click();
    const button = view(lab).getByRole('button', use(''));
    await expect(button).toBeDisabled();
    await expect(button).toHaveAttribute('title', 'Open a notebook first.');
    await picture('none');

    await lab.execute('notebook:create-new', { kernelName: 'python3' });
    await expect(await run(lab, 'import cowsay')).toHaveText(/ModuleNotFoundError/, PATIENCE);
    await lab.row('environment', 'cows').click();
    await addField(lab).fill('cowsay');
    await addField(lab).press('Enter');
    const notice = page.locator('.Toastify__toast').filter({ hasText: '“cows” is installed.' });
    await expect(notice).toBeVisible(PATIENCE);
    await expect(button).toBeEnabled();
    await picture('notice');
    await notice.getByRole('button', { name: 'Use Here' }).click();
    await expect(dialog).toContainText('All variables of Untitled.ipynb are lost.');
    await picture('question');
    await dialog.getByRole('button', { name: 'Restart' }).click();
    const notebook = page.locator('.jp-NotebookPanel');
    await expect(notebook).toBeVisible();
    await expect(notebook.getByRole('button', { name: /cows/ })).toBeVisible();
    await expect(await run(lab, 'import cowsay; print(cowsay.__name__)')).toHaveText(
      'cowsay',
      PATIENCE
    );
    await picture('used');
  }
);

test('L5: kernels that are no environment are listed, and used', async ({ lab, server }) => {
  const { page } = lab;
  const gone = join(dirname(server.file('')), 'data', 'kernels', 'gone');
  await mkdir(gone, { recursive: true });
  const told = { argv: ['/no/such/R'], language: 'R', display_name: 'Old R' };
  await writeFile(join(gone, 'kernel.json'), JSON.stringify(told));
  const panel = await lab.panel();
  await panel.getByText(/^Other kernels \(/).click();
  const kernels = panel.getByRole('grid', { name: 'Other kernels' });
  await expect(kernels.getByRole('row', { name: /Old R/ })).toContainText(
    'The kernel gone cannot start: /no/such/R was not found.'
  );
  const native = kernels.getByRole('row', { name: /Python 3/ });
  await expect(native).toContainText('virtual environment');
  await native.focus();
  expect(await findings(lab, '#nbyard-sidebar')).toEqual([]);
  await native.getByRole('button', { name: /^New Notebook with Python 3/ }).click();
  await expect(await run(lab, 'print(20 + 3)')).toHaveText('23', PATIENCE);
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
});
