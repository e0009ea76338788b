import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const CLEAN = [
  parameters('factor = 2'),
  "rows = open('data/iris.txt').read().split()\n" +
    "open('result.txt', 'w').write(f'{rows[0]}\\n{int(rows[1]) * factor}\\n')"
];

test(
  'X1, K3: files that notebooks open by themselves are declared with one click and connected',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await mkdir(server.file('data'));
    await writeFile(server.file('data/iris.txt'), 'x\n4\n');
    await writeFile(server.file('result.txt'), 'x\n1\n'); // of an earlier day
    await writeFile(server.file('clean.ipynb'), notebook(...CLEAN));
    await writeFile(
      server.file('report.ipynb'),
      notebook(parameters('title = "r"'), "print(open('result.txt').read())")
    );
    const nodes = {
      clean: { path: 'clean.ipynb', at: [0, 0] as [number, number] },
      report: { path: 'report.ipynb', at: [400, 0] as [number, number] }
    };
    await writeFile(server.file('opened.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('opened.nbflow');
    await canvas.button('run-workflow').click();
    await lab.drawer.succeeds();

    const { inspector } = canvas;
    await lab.execute('nbyard:toggle-inspector');
    await canvas.card('clean.ipynb').click();
    await expect(inspector).toContainText('The code also reads data/iris.txt, writes result.txt.');
    await lab.page.screenshot({ path: info.outputPath('told.png') });
    await inspector.getByRole('button', { name: 'Declare as Inputs and Outputs' }).click();
    await expect(inspector).toContainText(
      'Declared iris (data/iris.txt), result (result.txt) in clean.ipynb.nbexec.'
    );
    await expect(canvas.input('clean.ipynb', 'iris')).toBeVisible();
    await expect(canvas.output('clean.ipynb', 'result')).toBeVisible();
    expect(JSON.parse(await readFile(server.file('clean.ipynb.nbexec'), 'utf8')).arguments).toEqual(
      [
        expect.objectContaining({ name: 'iris', reach: { kind: 'file', path: 'data/iris.txt' } }),
        expect.objectContaining({ name: 'result', reach: { kind: 'file', path: 'result.txt' } })
      ]
    );
    const found = await violationsIn(lab.page, '.nby-Inspector');
    expect(found.map(({ id, nodes: at }) => `${id} at ${at[0].target}`)).toEqual([]);
    await lab.page.screenshot({ path: info.outputPath('declared.png') });
    await inspector.getByRole('button', { name: 'Undo' }).click();
    await expect(canvas.card('clean.ipynb').locator('.nby-mod-suggested')).toHaveCount(2);
    await expect(access(server.file('clean.ipynb.nbexec'))).rejects.toThrow();

    await canvas.stage.focus();
    await canvas.button('connect-automatically').click();
    await expect(lab.dialog.getByRole('checkbox', { name: /^result\.txt/ })).toBeChecked();
    await lab.page.screenshot({ path: info.outputPath('proposed.png') });
    await lab.dialog.getByRole('button', { name: 'Connect' }).click();
    await expect(canvas.arrow('clean.ipynb', 'report.ipynb')).toHaveCount(1);
    await lab.page.screenshot({ path: info.outputPath('connected.png') });

    await canvas.save();
    await canvas.button('run-workflow').click();
    await expect(lab.drawer.root).toContainText('#2');
    await lab.drawer.succeeds();
    await lab.execute('nbyard:toggle-inspector');
    await expect(canvas.stateOf('report')).toContainText('succeeded');
    await lab.page.screenshot({ path: info.outputPath('handed-on.png') });
  }
);

test(
  'X1, K2: a drop declares the parameter that names a file',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await writeFile(server.file('houses.csv'), 'rooms\n3\n');
    await writeFile(server.file('other.csv'), 'rooms\n5\n');
    const code = notebook(parameters('csv = "houses.csv"'), 'print(open(csv).read())');
    await writeFile(server.file('train.ipynb'), code);
    await writeFile(server.file('plain.ipynb'), notebook('factor = 2'));
    const nodes = {
      other: { type: 'dataset', path: 'other.csv', at: [0, 0] as [number, number] },
      train: { path: 'train.ipynb', at: [400, 0] as [number, number] },
      plain: { path: 'plain.ipynb', at: [400, 200] as [number, number] }
    };
    await writeFile(server.file('drop.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('drop.nbflow');
    await expect(canvas.card('plain.ipynb')).toBeVisible();
    await lab.drag(canvas.output('other.csv', 'data'), canvas.card('train.ipynb'), async () => {
      await expect(canvas.root.locator('.nby-Hint')).toHaveText('Drop to declare houses.csv');
      await lab.page.screenshot({ path: info.outputPath('hint.png') });
    });
    await expect(canvas.arrow('other.csv', 'train.ipynb')).toHaveCount(1);
    expect(await readFile(server.file('train.ipynb'), 'utf8')).toBe(code);
    await lab.page.screenshot({ path: info.outputPath('connected.png') });
    await canvas.save();
    await canvas.button('run-workflow').click();
    await lab.drawer.succeeds();
  }
);
