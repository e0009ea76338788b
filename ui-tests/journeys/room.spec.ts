import { Locator } from '@playwright/test';
import { writeFile } from 'node:fs/promises';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const TEXT = 'input_txt = ""  # input: txt';
const MADE = 'output_txt = "made.txt"  # output: txt';

/** A chain of notebooks, each with both ports, this far from each other. */
async function chain(server: LabServer, name: string, length: number): Promise<void> {
  await writeFile(server.file('step.ipynb'), notebook(parameters(TEXT, MADE)));
  const places = Array.from({ length }, (_, index) => index);
  const nodes = places.map(index => [
    `n${index}`,
    { path: 'step.ipynb', at: [index * 260, 0] as [number, number] }
  ]);
  const arrows = places.slice(1).map(index => `n${index - 1}.output_txt->n${index}.input_txt`);
  await writeFile(server.file(name), workflow(Object.fromEntries(nodes), ...arrows));
}

test('K2: a workflow opens whole where that can be read, and fits whole when asked for', async ({
  lab,
  server
}) => {
  await chain(server, 'six.nbflow', 6);
  const six = await lab.openWorkflow('six.nbflow');
  await expect(six.palette).toBeVisible();
  await expect(six.cards).toHaveCount(6);
  await six.isTidy();

  await chain(server, 'twelve.nbflow', 12);
  const twelve = await lab.openWorkflow('twelve.nbflow');
  await expect(twelve.card('step.ipynb').first()).toContainText('output_txt');
  await twelve.stage.focus();
  await lab.press('f');
  await expect(twelve.cards).toHaveCount(12);
  await twelve.isTidy();
  await twelve.button('toggle-inspector').click(); // the picture is narrower then
  await expect(twelve.inspector).toBeVisible();
  await twelve.isTidy();
});

/** The first lies in the second, from top to bottom. */
async function liesIn(inner: Locator, outer: Locator): Promise<void> {
  const [one, other] = [(await inner.boundingBox())!, (await outer.boundingBox())!];
  expect(one.y).toBeGreaterThanOrEqual(other.y - 0.5);
  expect(one.y + one.height).toBeLessThanOrEqual(other.y + other.height + 0.5);
}

test('K5: each step has its room in the drawer, and time its figures', async ({ lab, server }) => {
  const { drawer } = lab;
  const go = JSON.stringify(server.file('go'));
  const wait = `import os, time\nwhile not os.path.exists(${go}):\n    time.sleep(0.1)\nopen(output_txt, "w").close()`;
  await writeFile(server.file('first.ipynb'), notebook(parameters(MADE), wait));
  await writeFile(server.file('then.ipynb'), notebook(parameters(TEXT)));
  const places = Array.from({ length: 8 }, (_, index) => index);
  const nodes = places.map(index => [
    `f${index}`,
    { path: 'then.ipynb', at: [300, index * 140] as [number, number] }
  ]);
  const flow = workflow(
    { a: { path: 'first.ipynb', at: [0, 0] }, ...Object.fromEntries(nodes) },
    ...places.map(index => `a.output_txt->f${index}.input_txt`)
  );
  await writeFile(server.file('fan.nbflow'), flow);
  const canvas = await lab.openWorkflow('fan.nbflow');
  await expect(canvas.arrows).toHaveCount(8);
  await lab.execute('nbyard:run-workflow-anew');
  const chosen = drawer.step('a');
  await expect(chosen).toContainText('running', { timeout: 40_000 });
  await expect(chosen).toContainText('runs because it was forced');
  await expect(chosen).toContainText('cell 2/2');
  await expect(chosen).toHaveAttribute('aria-selected', 'true');
  await liesIn(chosen.locator('.nby-Steps-why'), chosen);
  expect((await drawer.step('f0').boundingBox())!.y).toBeGreaterThanOrEqual(
    (await chosen.boundingBox())!.y + (await chosen.boundingBox())!.height - 0.5
  );

  await drawer.tab('Gantt');
  await expect(drawer.body).toContainText(/before it was taken up \(\d/);
  const figure = drawer.body.locator('.nby-Gantt-axis text').first();
  await liesIn(figure, drawer.body);
  await drawer.body.locator('.nby-Gantt-bar').last().scrollIntoViewIfNeeded();
  await liesIn(figure, drawer.body);
  await writeFile(server.file('go'), '');
  await drawer.succeeds();
});

test('P1: the path that a port is asked at is seen whole', async ({ lab, page }, info) => {
  await lab.panel();
  await lab.panelButton('create-deployment').click();
  const form = page.locator('.nby-Deployment-form');
  await form.getByText('More', { exact: true }).click();
  const port = form.locator('.nby-Ports-row').first();
  const path = port.getByLabel('Path');
  await path.fill('/v2/health/ready');
  expect(await path.evaluate(input => input.scrollWidth - input.clientWidth)).toBe(0);
  await page.screenshot({ path: info.outputPath('ports.png') });
});
