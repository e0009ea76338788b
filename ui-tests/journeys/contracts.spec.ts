/** K16, X11: a broken contract turns a connection red, and earlier runs propose rules. */
import { writeFile } from 'node:fs/promises';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

const MAKE = `with open(out_csv, 'w') as file:
    file.write('id,age\\n')
    file.writelines(f'{row},{20 + (row + seed) % 30}\\n' for row in range(40 + seed))
    if seed == 9:
        file.write('99,\\n')`;
const NODES = {
  make: { path: 'make.ipynb', at: [0, 0] as [number, number] },
  read: { path: 'read.ipynb', at: [320, 0] as [number, number] }
};

test('K16, X11: proposed rules are accepted with one click, and a broken one stops the branch', async ({
  lab,
  server
}, info) => {
  const make = notebook(parameters('seed = 0', "out_csv = 'out.csv'"), MAKE);
  await writeFile(server.file('make.ipynb'), make);
  const read = notebook(parameters("input_csv = 'out.csv'"), 'print(open(input_csv).read())');
  await writeFile(server.file('read.ipynb'), read);
  const flow = workflow(NODES, 'make.out_csv->read.input_csv');
  await writeFile(server.file('flow.nbflow'), flow);
  const canvas = await lab.openWorkflow('flow.nbflow');
  const { inspector } = canvas;
  const run = async (seed: number) => {
    await lab.click(canvas.card('make.ipynb'));
    await inspector.getByLabel('seed', { exact: true }).fill(String(seed));
    await lab.press('Tab');
    await canvas.save();
    await canvas.stage.focus();
    await lab.press('Control+Enter');
  };
  for (const seed of [1, 2, 3]) {
    await run(seed);
    await expect(lab.drawer.root).toContainText(`#${seed}`);
    await lab.drawer.succeeds();
  }
  await lab.click(canvas.card('make.ipynb'));
  await lab.click(inspector.getByText('Outputs', { exact: true }));
  await lab.click(inspector.getByRole('button', { name: /^Propose a contract of out_csv/ }));
  await expect(lab.dialog).toContainText('columns id, age, and no others');
  await lab.page.screenshot({ path: info.outputPath('proposal.png') });
  await lab.click(lab.dialog.getByRole('button', { name: 'Accept' }));
  await expect(inspector.getByText('age is never missing', { exact: true })).toBeVisible();
  await canvas.save();

  await run(9);
  await expect(canvas.card('make.ipynb').locator('.nby-Node-problem')).toContainText(
    'rule nulls: age breaks it in 1 of 50 rows (#50)'
  );
  await expect(lab.drawer.root).toContainText('rule nulls: age breaks it in 1 of 50 rows (#50)');
  const arrow = canvas.arrows.first();
  await expect(arrow).toHaveClass(/nby-mod-broken/);
  const colour = await arrow.locator('.react-flow__edge-path').evaluate(path => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--jp-error-color1)';
    const wanted = getComputedStyle(probe).color;
    probe.remove();
    return [getComputedStyle(path).stroke, wanted];
  });
  expect(colour[0]).toBe(colour[1]);
  await lab.page.screenshot({ path: info.outputPath('broken.png') });

  await lab.click(
    inspector.getByRole('button', { name: 'Remove age is never missing', exact: true })
  );
  await canvas.save();
  await canvas.stage.focus();
  await lab.press('Control+Enter');
  await lab.drawer.succeeds();
  await expect(arrow).toHaveClass(/nby-mod-arrived/);
});
