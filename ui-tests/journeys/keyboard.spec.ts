import { readFile } from 'node:fs/promises';
import { expect, test } from '../lab/test';

test('K2, K7, G6: a workflow is made, wired, changed and run without a mouse', async ({
  lab,
  server
}) => {
  const { page } = lab;
  const choose = async (text: string, option = text) => {
    await expect(lab.canvas.picker).toBeVisible();
    await page.keyboard.type(text);
    await expect(lab.canvas.picker.getByRole('option', { selected: true })).toContainText(option);
    await lab.press('Enter');
    await expect(lab.canvas.picker).toHaveCount(0);
  };
  const palette = page.locator('#modal-command-palette');
  await expect(async () => {
    if (!(await palette.isVisible())) {
      await lab.press('Control+Shift+c');
    }
    await palette.locator('input').fill('New Workflow', { timeout: 2000 }); // it closes when JupyterLab moves the focus at its start
    const active = palette.locator('.lm-CommandPalette-item.lm-mod-active');
    await expect(active).toContainText('New Workflow', { timeout: 2000 });
  }).toPass({ timeout: 20_000 });
  await lab.press('Enter');
  const { canvas } = lab;
  await expect(canvas.stage).toBeFocused();

  for (const name of ['penguins.csv', 'clean.ipynb']) {
    await lab.press('a');
    await choose(name);
    await expect(canvas.card(name)).toBeFocused();
  }
  await expect(canvas.card('clean.ipynb')).toContainText('input_csv');
  await lab.press('c');
  await choose('penguins', 'penguins.csv.data');
  await expect(canvas.arrows).toHaveCount(1);

  await canvas.card('clean.ipynb').press('Enter');
  await expect(canvas.inspector).toBeVisible();
  const species = canvas.inspector.getByLabel('species');
  for (let stops = 0; stops < 12 && !(await species.evaluate(isFocused)); stops++) {
    await lab.press('Tab');
  }
  await expect(species).toBeFocused();
  await lab.press('Control+a');
  await page.keyboard.type('["Gentoo"]');
  await lab.press('Tab');
  await expect(canvas.inspector.getByRole('button', { name: 'Reset' })).toBeVisible();

  await lab.press('Control+Enter');
  await lab.drawer.succeeds();
  const saved = JSON.parse(await readFile(server.file('untitled.nbflow'), 'utf8'));
  const [values] = Object.values<{ arguments?: object }>(saved.nodes).flatMap(
    node => node.arguments ?? []
  );
  expect(values).toEqual({ species: { value: ['Gentoo'] } });

  await canvas.stage.focus();
  await lab.press('ArrowUp');
  await lab.press('ArrowDown');
  const focused = canvas.root.locator('.react-flow__node:focus');
  await expect(focused).toHaveCount(1);
  await lab.press('Delete');
  await expect(canvas.cards).toHaveCount(1);
  await expect(canvas.arrows).toHaveCount(0);
  await lab.press('Control+z');
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);

  await lab.press('v');
  await expect(canvas.root.getByRole('table')).toContainText('input_csv ← penguins.csv.data');
});

function isFocused(element: Element): boolean {
  return element === document.activeElement;
}
