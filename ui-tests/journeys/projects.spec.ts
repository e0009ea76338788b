import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

test('J1: a project is created, resources are linked by dialog and by drag, and lists are limited', async ({
  lab
}, info) => {
  const { page, dialog } = lab;
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await lab.runFromPalette('Schedule…');
  await dialog.getByRole('button', { name: 'Schedule' }).click();
  await expect(dialog).toHaveCount(0);
  await lab.panel();
  const switcher = page.getByRole('combobox', { name: 'Project' });
  const schedule = lab.row('automation', 'penguins');
  await expect(schedule).toBeVisible();

  await page.getByRole('button', { name: 'New Project…' }).click();
  await dialog.getByLabel(/^Name/).fill('birds');
  await dialog.getByLabel('Goal').fill('Tell penguins apart');
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await lab.theme(theme);
    const found = await violationsIn(page, '.jp-Dialog');
    expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
    await page.screenshot({ path: info.outputPath(`${theme}.png`) });
  }
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(switcher.locator('option:checked')).toHaveText('birds');
  await expect(schedule).toHaveCount(0);

  await page.getByRole('button', { name: 'Link Resource…' }).click();
  await dialog.getByLabel('Kind').selectOption('automation');
  await dialog.getByLabel('Search').fill('peng');
  await dialog.getByRole('button', { name: 'Link penguins' }).click();
  await expect(dialog.getByRole('button', { name: 'Unlink penguins' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('link.png') });
  expect(await violationsIn(page, '.jp-Dialog')).toEqual([]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(schedule).toBeVisible();

  // what is made while the project is active belongs to it
  await lab.click(canvas.button('run-workflow'));
  await lab.drawer.succeeds();
  await expect(lab.row('run', 'Penguins')).toBeVisible();
  await expect(lab.row('workflow', 'Penguins')).toBeVisible();

  // a row that is dropped on the switcher is linked to the project that its menu names
  await page.getByRole('button', { name: 'New Project…' }).click();
  await dialog.getByLabel(/^Name/).fill('other');
  await dialog.getByRole('button', { name: 'Create' }).click();
  const run = lab.row('run', 'Penguins');
  await expect(run).toHaveCount(0);
  await switcher.selectOption({ label: 'All projects' });
  for (const row of [run, schedule, lab.row('workflow', 'Penguins')]) {
    await expect(row).toBeVisible(); // each list comes by itself, and moves the rows below it
  }
  await run.evaluate(row => row.scrollIntoView({ block: 'center' })); // not below the switcher
  const [from, to] = [(await run.boundingBox())!, (await switcher.boundingBox())!];
  const accepts = page.locator('.nby-Switcher');
  await page.mouse.move(from.x + 40, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + 60, from.y - 10, { steps: 5 });
  await expect(accepts).toHaveClass(/nby-mod-takes/);
  await page.screenshot({ path: info.outputPath('dragged.png') });
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 5 });
  await expect(accepts).toHaveClass(/nby-mod-over/);
  await page.mouse.up();
  await page.screenshot({ path: info.outputPath('menu.png') });
  await page.getByRole('menuitem', { name: 'Link to “other”' }).click();
  await expect(page.getByText('Linked to “other”.')).toBeVisible();
  await expect(accepts).not.toHaveClass(/nby-mod/);
  await switcher.selectOption({ label: 'other' });
  await expect(run).toBeVisible();
  await page.screenshot({ path: info.outputPath('panel.png') });
});

test(
  'J5: the page of a project shows its task, its data and models, and what retention frees',
  { tag: '@long' },
  async ({ lab }, info) => {
    const { page, dialog } = lab;
    const canvas = await lab.openWorkflow('penguins.nbflow');
    await lab.panel();
    await page.getByRole('button', { name: 'New Project…' }).click();
    await dialog.getByLabel(/^Name/).fill('birds');
    await dialog.getByLabel('Goal').fill('Tell penguins apart');
    await dialog.getByText('More', { exact: true }).click();
    await dialog.getByLabel('Evaluation data').fill('penguins.csv, one row in five');
    await dialog.getByLabel('Criteria').fill('Accuracy above 0.95');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('combobox', { name: 'Project' })).toHaveText(/birds/);
    await lab.click(canvas.button('run-workflow'));
    await lab.drawer.succeeds();

    await page.getByRole('button', { name: 'Open Project' }).click();
    const heading = page.getByRole('heading', { name: 'birds' });
    const view = page.locator('.nby-View').filter({ has: heading });
    await expect(view.getByText('Tell penguins apart')).toBeVisible();
    await expect(view.getByText('Accuracy above 0.95')).toBeVisible();
    await expect(view.getByRole('button', { name: /^#1 / })).toBeVisible();
    await expect(view.getByText(/^[\d.]+ [kM]B$/)).toBeVisible();
    await page.screenshot({ path: info.outputPath('overview.png') });
    expect(await violationsIn(page, '.nby-View')).toEqual([]);
    await view.getByRole('tab', { name: 'Data' }).click();
    await expect(view.getByRole('table').getByRole('row')).not.toHaveCount(0);
    await page.screenshot({ path: info.outputPath('data.png') });
    await view.getByRole('tab', { name: 'Models' }).click();
    await page.screenshot({ path: info.outputPath('models.png') });

    await view.getByRole('tab', { name: 'Retention' }).click();
    await view.getByLabel('Name of the policy').fill('recent');
    await view.getByLabel('Newest runs to keep of each workflow').fill('5');
    await view.getByRole('button', { name: 'Save Policy' }).click();
    await expect(view.getByText('birds: recent')).toBeVisible();
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      await lab.theme(theme);
      const found = await violationsIn(page, '.nby-View');
      expect(found.map(({ id, nodes: at }) => `${theme}: ${id} at ${at[0].target}`)).toEqual([]);
      await page.screenshot({ path: info.outputPath(`retention ${theme}.png`) });
    }

    await page.getByRole('button', { name: 'Clean Up…' }).click();
    await dialog.getByText('Daily clean-up').click();
    await expect(dialog.getByText('birds: recent')).toBeVisible();
    await page.screenshot({ path: info.outputPath('clean-up.png') });
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    await page.reload();
    await expect(view.getByText('Accuracy above 0.95')).toBeVisible();
  }
);
