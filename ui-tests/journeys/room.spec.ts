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

test(
  'K2: a workflow opens whole where that can be read, and fits whole when asked for',
  { tag: '@long' },
  async ({ lab, server }) => {
    await chain(server, 'five.nbflow', 5);
    const five = await lab.openWorkflow('five.nbflow', { whole: false });
    await expect(five.palette).toBeHidden();
    await expect(five.cards).toHaveCount(5);
    await five.isTidy();

    await chain(server, 'twelve.nbflow', 12);
    const twelve = await lab.openWorkflow('twelve.nbflow', { whole: false });
    await expect(twelve.card('step.ipynb').first()).toContainText('output_txt');
    await twelve.stage.focus();
    await lab.press('f');
    await expect(twelve.cards).toHaveCount(12);
    await twelve.isTidy();
    await twelve.button('toggle-inspector').click(); // the picture is narrower then
    await expect(twelve.inspector).toBeVisible();
    await twelve.isTidy();
  }
);

test(
  'at 200 % zoom the canvas keeps its width when the inspector opens',
  { tag: '@long' },
  async ({ lab, page }, info) => {
    await page.setViewportSize({ width: 720, height: 450 }); // 1440×900 at 200 %
    const canvas = await lab.openWorkflow('penguins.nbflow', { whole: false });
    await expect(canvas.arrows).not.toHaveCount(0);
    const widthOf = async () => (await canvas.stage.boundingBox())!.width;
    const width = await widthOf();
    await canvas.stage.focus();
    await lab.press(']'); // its button is in the menu of the toolbar
    await expect(canvas.inspector).toBeVisible();
    await expect.poll(widthOf).toBe(width);
    expect((await canvas.stage.boundingBox())!.height).toBeGreaterThan(80);
    expect((await canvas.inspector.boundingBox())!.height).toBeGreaterThan(80);
    await page.screenshot({ path: info.outputPath('zoom.png') });
  }
);

test(
  'at 200 % zoom Run Info opens with its tasks in view, and keeps them when the window gets lower',
  { tag: '@long' },
  async ({ lab, page, server }) => {
    const { drawer } = lab;
    await page.setViewportSize({ width: 720, height: 450 });
    await writeFile(server.file('step.ipynb'), notebook('print(1)'));
    await writeFile(server.file('low.nbflow'), workflow({ a: { path: 'step.ipynb', at: [0, 0] } }));
    await lab.openWorkflow('low.nbflow', { whole: false });
    await lab.execute('nbyard:run-workflow-anew');
    await expect(drawer.step('a')).toBeInViewport();
    const heightOf = async () => (await drawer.root.boundingBox())!.height;
    expect(await heightOf()).toBeGreaterThanOrEqual(150);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.setViewportSize({ width: 720, height: 450 });
    await expect.poll(heightOf).toBeGreaterThanOrEqual(150);
  }
);

/** The first lies in the second, from top to bottom. */
async function liesIn(inner: Locator, outer: Locator): Promise<void> {
  await expect(async () => {
    const [one, other] = [(await inner.boundingBox())!, (await outer.boundingBox())!];
    expect(one.y).toBeGreaterThanOrEqual(other.y - 0.5);
    expect(one.y + one.height).toBeLessThanOrEqual(other.y + other.height + 0.5);
  }).toPass({ timeout: 40_000 });
}

test(
  'K5: each step has its room in the drawer, and time its figures',
  { tag: '@long' },
  async ({ lab, server }) => {
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
    await expect(chosen).toContainText('runs because the cache was ignored on request');
    await expect(chosen).toContainText('cell 2/2');
    await expect(chosen).toHaveAttribute('aria-selected', 'true');
    await liesIn(chosen.locator('.nby-Steps-why'), chosen);
    await expect(async () => {
      const [below, above] = [await drawer.step('f0').boundingBox(), await chosen.boundingBox()];
      expect(below!.y).toBeGreaterThanOrEqual(above!.y + above!.height - 0.5);
    }).toPass({ timeout: 40_000 });

    await drawer.tab('Gantt');
    await expect(drawer.body).toContainText(/before the run started \(\d/);
    const figure = drawer.body.locator('.nby-Gantt-axis text').first();
    await liesIn(figure, drawer.body);
    await drawer.body.locator('.nby-Gantt-bar').last().scrollIntoViewIfNeeded();
    await liesIn(figure, drawer.body);
    await writeFile(server.file('go'), '');
    await drawer.succeeds();
  }
);

test(
  'K5: the header and the tabs stay when several tasks fail',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    const { drawer } = lab;
    await page.setViewportSize({ width: 1280, height: 720 });
    const cells = Array.from({ length: 8 }, (_, index) => `print(${index})`);
    for (const name of ['one', 'two']) {
      await writeFile(server.file(`${name}.ipynb`), notebook(...cells, '{}["total"]', 'print()'));
    }
    const nodes = {
      one: { path: 'one.ipynb', at: [0, 0] as [number, number] },
      two: { path: 'two.ipynb', at: [0, 150] as [number, number] }
    };
    await writeFile(server.file('bad.nbflow'), workflow(nodes));
    const canvas = await lab.openWorkflow('bad.nbflow');
    await canvas.button('run-workflow').click();
    await expect(drawer.state).toHaveText('failed');
    await expect(drawer.root).toContainText('2 of 2 tasks failed');
    const stays = async () => {
      await liesIn(drawer.root.locator('.nby-RunView-header'), drawer.root);
      await liesIn(drawer.root.getByRole('tablist'), drawer.root);
    };
    await expect(drawer.failure.locator('.nby-Failure-cell')).toBeVisible();
    await stays();
    await drawer.failure.getByRole('button', { name: 'Show Failing Cell' }).click();
    await expect(drawer.body.locator('.nby-Cell.nby-mod-failed')).toBeVisible();
    await stays();
    await page.setViewportSize({ width: 1280, height: 520 });
    await stays();
    await page.screenshot({ path: info.outputPath('failures.png') });
  }
);

test(
  'K5: steps stand as people count them, and the minimap has their states',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    const { drawer } = lab;
    await writeFile(server.file('quick.sh'), 'echo done\n');
    const go = server.file('../go'); // beside the workflow it would be a new file that steps may read
    await writeFile(server.file('wait.sh'), `until [ -e '${go}' ]; do sleep 0.1; done\n`);
    const counted = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const nodes = counted.map((id, index) => {
      const at: [number, number] = [(index % 5) * 260, Math.floor(index / 5) * 130];
      return [id, { path: 'quick.sh', at }] as const;
    });
    const wait = ['wait', { path: 'wait.sh', at: [0, 560] as [number, number] }] as const;
    const asSaved = [...nodes, wait].sort(([one], [other]) => (one < other ? -1 : 1));
    await writeFile(server.file('many.nbflow'), workflow(Object.fromEntries(asSaved)));
    const canvas = await lab.openWorkflow('many.nbflow');
    const block = (state: string) => page.locator(`.nby-Overview-node.nby-mod-${state}`);
    await page.getByRole('button', { name: 'Minimap' }).click();
    await expect(page.locator('.nby-Overview-node')).toHaveCount(21);
    await canvas.button('run-workflow').click();
    await expect(block('succeeded')).toHaveCount(20, { timeout: 60_000 });
    await expect(block('running')).toHaveCount(1);
    await page.screenshot({ path: info.outputPath('minimap.png') });
    await writeFile(go, '');
    await drawer.succeeds();
    await expect(block('succeeded')).toHaveCount(21);
    const rows = drawer.body.locator('.nby-Row');
    await expect(rows).toHaveCount(21);
    const order = await rows.evaluateAll(all => all.map(row => (row as HTMLElement).dataset.id));
    expect(order).toEqual([...counted, 'wait']);

    await canvas.button('run-workflow').click();
    await expect(drawer.root).toContainText('#2');
    await drawer.succeeds();
    await drawer.tab('Gantt');
    const cached = drawer.body.locator('.nby-Gantt-time', { hasText: 'cached' });
    await expect(cached).toHaveCount(20); // the file that wait.sh waited for is new
    await expect(drawer.body).toContainText(/The run took \d/);
    await liesIn(drawer.body.locator('.nby-Gantt-axis text').last(), drawer.body);
    await page.screenshot({ path: info.outputPath('cached.png') });
    await canvas.card('wait.sh').click();
    const runtime = canvas.inspector.getByRole('combobox', { name: 'Runtime' });
    await expect(runtime.locator('option:checked')).toHaveText('default: set by the run');
  }
);

const WATCHED = `
import http.server, os, threading, time
import nbyard

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

for name in ("web", "tensorboard"):
    page = http.server.HTTPServer((os.environ["NBYARD_HOST"], nbyard.port(name)), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
while not os.path.exists(GO):
    time.sleep(0.1)
`;

test(
  'R16: two links to watch a step leave its words their room, and are seen whole',
  { tag: '@long' },
  async ({ lab, server, page }, info) => {
    const { drawer } = lab;
    const ports = { web: 0, tensorboard: 0 };
    const script = WATCHED.replace('GO', JSON.stringify(server.file('go')));
    await writeFile(server.file('train.py'), script);
    const description = JSON.stringify({ version: 1, resources: { ports } });
    await writeFile(server.file('train.py.nbexec'), description);
    const place = (x: number) => ({ path: 'train.py', at: [x, 0] as [number, number] });
    await writeFile(server.file('pair.nbflow'), workflow({ a: place(0), b: place(300) }));
    const canvas = await lab.openWorkflow('pair.nbflow');
    await canvas.button('run-workflow').click();
    for (const node of ['a', 'b']) {
      await expect(drawer.step(node).getByRole('link')).toHaveCount(2, { timeout: 60_000 });
    }
    await drawer.step('a').click();
    for (const [width, height] of [
      [1440, 900],
      [1280, 720]
    ]) {
      await page.setViewportSize({ width, height });
      for (const node of ['a', 'b']) {
        const row = drawer.step(node);
        const why = row.locator('.nby-Steps-why');
        await expect(why).toContainText('no earlier result');
        await expect.poll(async () => (await why.boundingBox())!.width).toBeGreaterThan(120);
        await liesIn(row.getByRole('link').last(), row);
      }
      await page.screenshot({ path: info.outputPath(`links-${width}.png`) });
    }
    for (const link of await canvas.card('train.py').getByRole('link').all()) {
      const card = link.locator('xpath=ancestor::*[contains(@class, "nby-Node ")]');
      await expect(async () => {
        const [inner, outer] = [(await link.boundingBox())!, (await card.boundingBox())!];
        expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width);
      }).toPass({ timeout: 40_000 });
    }
    await writeFile(server.file('go'), '');
    await drawer.succeeds();
  }
);

test(
  'P1: the path that a port is asked at is seen whole',
  { tag: '@long' },
  async ({ lab, page }, info) => {
    await lab.panel();
    await lab.panelButton('create-deployment').click();
    const form = page.locator('.nby-Deployment-form');
    await form.getByText('More', { exact: true }).click();
    const port = form.locator('.nby-Ports-row').first();
    const path = port.getByLabel('Path');
    await path.fill('/v2/health/ready');
    expect(await path.evaluate(input => input.scrollWidth - input.clientWidth)).toBe(0);
    await page.screenshot({ path: info.outputPath('ports.png') });
  }
);
