import { writeFile } from 'node:fs/promises';
import { notebook, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

test(
  'X1, K3: a file that a failed notebook missed is declared and connected',
  { tag: '@long' },
  async ({ lab, server }) => {
    await writeFile(server.file('prepare.ipynb'), notebook("open('prepared.txt', 'w').write('x')"));
    await writeFile(server.file('model.ipynb'), notebook("print(open('prepared.txt').read())"));
    const nodes = {
      prepare: { path: 'prepare.ipynb', at: [0, 0] as [number, number] },
      model: { path: 'model.ipynb', at: [400, 0] as [number, number] }
    };
    await writeFile(server.file('missing.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('missing.nbflow');
    await canvas.button('run-workflow').click();
    const banner = lab.drawer.root.locator('.nby-Failure');
    await expect(banner).toContainText('The code also reads prepared.txt.');

    const { inspector } = canvas;
    await lab.execute('nbyard:toggle-inspector');
    await canvas.card('model.ipynb').click();
    await expect(inspector).toContainText(
      'prepare.ipynb writes prepared.txt, and model.ipynb reads it.'
    );
    const declare = inspector.getByRole('button', { name: 'Declare as Inputs and Outputs' });
    await declare.click();
    await expect(canvas.input('model.ipynb', 'prepared')).toBeVisible();
    await expect(banner).not.toContainText('The code also reads'); // Run Info looked again
    await canvas.card('prepare.ipynb').click();
    await declare.click();
    await expect(canvas.arrow('prepare.ipynb', 'model.ipynb')).toHaveCount(1);
    await canvas.save();
    await canvas.button('run-workflow').click();
    await expect(lab.drawer.root).toContainText('#2');
    await lab.drawer.succeeds();
  }
);
