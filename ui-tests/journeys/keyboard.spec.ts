import { readFile, writeFile } from 'node:fs/promises';
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
  await lab.runFromPalette('New Workflow');
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
  await expect(canvas.root.locator('.nby-Canvas :focus')).toHaveCount(1);
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
  await lab.press('F2');
  await expect(lab.dialog).toBeVisible();
  await lab.press('Escape');
  await expect(lab.dialog).toHaveCount(0);
  await expect(focused).toHaveCount(1);
  await lab.press('Delete');
  await expect(canvas.cards).toHaveCount(1);
  await expect(canvas.arrows).toHaveCount(0);
  await lab.press('Control+z');
  await expect(canvas.cards).toHaveCount(2);
  await expect(canvas.arrows).toHaveCount(1);

  const table = canvas.root.locator('.nby-Outline table');
  await canvas.stage.focus();
  await lab.press('v');
  await expect(table).toContainText('input_csv ← penguins.csv.data');
  await expect(table.locator('button:focus')).toHaveCount(1);
  const heading = table.getByRole('columnheader', { name: 'State' });
  await expect(async () => {
    const [state, inspector] = [await heading.boundingBox(), await canvas.inspector.boundingBox()];
    expect(state!.x + state!.width).toBeLessThanOrEqual(inspector!.x);
  }).toPass({ timeout: 40_000 });
  await lab.press('v');
  await expect(table).toHaveCount(0);
  const hasKeys = canvas.root.locator('.nby-Canvas-stage:focus-within');
  await expect(hasKeys).toHaveCount(1);
  await page.waitForTimeout(1000); // the cards are drawn again
  await expect(hasKeys).toHaveCount(1);
  await lab.press('Control+a');
  const selected = canvas.root.locator('.react-flow__node.selected');
  await expect(selected).toHaveCount(2);

  const menu = page.locator('.lm-Menu');
  await canvas.card('clean.ipynb').click({ button: 'right' });
  await menu.getByText('Arrange', { exact: true }).hover();
  const place = () => canvas.card('clean.ipynb').evaluate(card => card.style.transform);
  const before = await place();
  await menu.getByText('Align Top', { exact: true }).click();
  await expect.poll(place).not.toBe(before);
  await expect(hasKeys).toHaveCount(1);
  await lab.press('Control+z');
  await expect.poll(place).toBe(before);

  await lab.press('Escape');
  await canvas.card('clean.ipynb').click();
  await canvas.card('clean.ipynb').click({ button: 'right' });
  await expect(menu).toBeVisible();
  await lab.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(hasKeys).toHaveCount(1);
  await lab.press('F2');
  await expect(lab.dialog).toBeVisible();
  await lab.press('Escape');
  await canvas.card('clean.ipynb').click({ button: 'right' });
  await menu.getByText('Rename…', { exact: true }).click();
  await expect(lab.dialog).toBeVisible();
  await lab.press('Escape');
  await expect(lab.dialog).toHaveCount(0);
  await expect(hasKeys).toHaveCount(1);
});

test(
  'K8, G6: the keys of the canvas work while its run is on',
  { tag: '@long' },
  async ({ lab, server }) => {
    await writeFile(server.file('slow.py'), SLOW);
    await writeFile(server.file('slow.nbflow'), JSON.stringify(SLOWLY));
    const canvas = await lab.openWorkflow('slow.nbflow');
    await expect(canvas.state('slow.py')).toHaveCount(0);
    await canvas.card('slow.py').click();
    const hasKeys = canvas.root.locator('.nby-Canvas-stage:focus-within');
    for (const start of [
      () => lab.press('Control+Enter'),
      () => canvas.button('run-workflow').click()
    ]) {
      await start();
      await expect(lab.drawer.state).toHaveText('running', { timeout: 30_000 });
      await expect(lab.drawer.step('slow').locator('.nby-Row-name')).toHaveText('slow.py');
      await expect(hasKeys).toHaveCount(1);
      await lab.press('Control+.');
      await expect(lab.drawer.state).toHaveText('cancelled', { timeout: 30_000 });
    }
    await lab.press('ArrowRight');
    await lab.press('Delete');
    await expect(canvas.cards).toHaveCount(0);
    await lab.press('Control+z');
    await expect(canvas.cards).toHaveCount(1);

    await lab.press('Control+Enter');
    await expect(lab.drawer.state).toHaveText('running', { timeout: 30_000 });
    await lab.drawer.root.getByRole('tab', { name: 'Logs' }).focus();
    await lab.press('Control+.');
    await expect(lab.drawer.state).toHaveText('cancelled', { timeout: 30_000 });
  }
);

const SLOW = 'from time import sleep\n\nfor _ in range(600):\n    sleep(0.1)\n';

const SLOWLY = {
  version: 1,
  meta: {},
  nodes: { slow: { type: 'executable', path: 'slow.py' } },
  edges: {},
  positions: { slow: [0, 0] }
};

function isFocused(element: Element): boolean {
  return element === document.activeElement;
}
