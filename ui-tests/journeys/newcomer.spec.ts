/** What people tried first, and stumbled over. */
import { writeFile } from 'node:fs/promises';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const SCRIPT = `import argparse
parser = argparse.ArgumentParser()
parser.add_argument("table")
arguments = parser.parse_args()
print(open(arguments.table).read())
`;

test('K7: a syntax error in a script is shown with its line, not as a lost connection', async ({
  lab,
  server,
  page
}, info) => {
  await writeFile(server.file('data.csv'), 'a\n1\n');
  await writeFile(server.file('show.py'), SCRIPT);
  const flow = workflow(
    {
      data: { type: 'dataset', path: 'data.csv', at: [0, 0] },
      show: { path: 'show.py', at: [320, 0] }
    },
    'data.data->show.table'
  );
  await writeFile(server.file('typo.nbflow'), flow);
  const canvas = await lab.openWorkflow('typo.nbflow');
  const card = canvas.card('show.py');
  await expect(card).toContainText('table');
  await expect(canvas.strip).not.toContainText('problem');
  await writeFile(server.file('show.py'), SCRIPT.replace('"table")', '"table"'));
  await canvas.stage.focus();
  await lab.press('Control+Enter');
  await expect(canvas.notice).toContainText("show.py, line 3: '(' was never closed");
  await expect(card).toContainText('line 3');
  await expect(canvas.arrows).toHaveCount(1);
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
    await page.screenshot({ path: info.outputPath(`typo ${theme}.png`) });
  }
  await writeFile(server.file('show.py'), SCRIPT);
  await lab.press('Control+Enter');
  await lab.drawer.succeeds();
});

test(
  'K2: a connection is drawn while text of the palette is selected',
  { tag: '@long' },
  async ({ lab, server }) => {
    const step = parameters('input_txt = ""  # input: txt', 'output_txt = "a.txt"  # output: txt');
    await writeFile(server.file('step.ipynb'), notebook(step));
    await writeFile(
      server.file('two.nbflow'),
      workflow({ a: { path: 'step.ipynb', at: [0, 0] }, b: { path: 'step.ipynb', at: [320, 0] } })
    );
    const canvas = await lab.openWorkflow('two.nbflow');
    await lab.page.evaluate(() => document.getSelection()!.selectAllChildren(document.body));
    const card = (id: string) => canvas.root.locator(`.react-flow__node[data-id="${id}"]`);
    await lab.drag(card('a').locator('.source'), card('b').locator('.target'));
    await expect(canvas.arrows).toHaveCount(1);
  }
);

test(
  'K2: a double click opens the file of a node, and its menu is short',
  { tag: '@long' },
  async ({ lab, page }, info) => {
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await expect(canvas.arrows).toHaveCount(6);
    const items = page.locator('.lm-Menu-item:not([data-type="separator"])');
    await canvas.card('train.ipynb').click({ button: 'right' });
    await expect(lab.menuItem('Open File')).toBeVisible();
    await expect(lab.menuItem('Add a Node')).toHaveCount(0);
    expect(await items.count()).toBeLessThanOrEqual(15); // with JupyterLab's own
    for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
      await page.keyboard.press('Escape');
      await lab.theme(theme);
      await canvas.card('train.ipynb').click({ button: 'right' });
      await lab.menuItem(/^Run$/).click();
      await expect(lab.menuItem('Run from Here')).toBeVisible();
      await page.screenshot({ path: info.outputPath(`menu ${theme}.png`) });
      await page.keyboard.press('Escape');
    }
    await page.keyboard.press('Escape');
    await canvas.stage.click({ button: 'right', position: { x: 10, y: 10 } });
    await expect(lab.menuItem('Add a Node')).toBeVisible();
    await expect(lab.menuItem('Open File')).toHaveCount(0);
    await page.keyboard.press('Escape');
    await canvas.card('train.ipynb').dblclick();
    await expect(page.locator('.jp-NotebookPanel:visible')).toBeVisible();
  }
);
