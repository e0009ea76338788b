import { readFile, writeFile } from 'node:fs/promises';
import { notebook, parameters, workflow } from '../lab/notebooks';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

const MAKE = `import base64, json
from pathlib import Path
Path(output_csv).write_text("city,people\\nOslo,700000\\nRome,2800000\\n")
Path(output_json).write_text(json.dumps({"places": 2, "names": ["Oslo", "Rome"]}))
Path(output_txt).write_text("Two cities.\\nThat is all.\\n")
pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
Path(output_png).write_bytes(base64.b64decode(pixel))
Path(output_html).write_text("<h1>Two cities</h1><p id=p>as made</p><script>p.textContent='ran'</script>")
Path(output_bin).write_bytes(bytes(range(256)))
print("six files")`;

/** A notebook that makes files of all kinds, and one that fails on one of them. */
async function makeWorkflow(server: LabServer): Promise<void> {
  const outputs = ['csv', 'json', 'txt', 'png', 'html', 'bin'].map(
    format => `output_${format} = "made.${format}"  # output: ${format}`
  );
  const input = parameters('input_csv = ""  # input: csv', 'output_csv = "t.csv"  # output: csv');
  const broken = ['rows = open(input_csv).read()', 'print("read", len(rows))\nrows["people"]'];
  await writeFile(server.file('make.ipynb'), notebook(parameters(...outputs), MAKE));
  await writeFile(server.file('break.ipynb'), notebook(input, ...broken, 'print("never")'));
  const flow = workflow(
    {
      make: { path: 'make.ipynb', at: [0, 0] },
      broken: { path: 'break.ipynb', at: [400, 0] },
      after: { path: 'break.ipynb', at: [800, 0] }
    },
    'make.output_csv->broken.input_csv',
    'broken.output_csv->after.input_csv'
  );
  await writeFile(server.file('kinds.nbflow'), flow);
}

test('K5, R2: results as table, picture, text, JSON and notebook; a failure at its cell', async ({
  lab,
  server
}) => {
  const { drawer, page } = lab;
  await makeWorkflow(server);
  const canvas = await lab.openWorkflow('kinds.nbflow');
  await expect(canvas.arrows).toHaveCount(2);
  await canvas.button('run-workflow').click();
  await expect(drawer.state).toHaveText('failed', { timeout: 60_000 });
  await expect(canvas.stateOf('make')).toContainText('succeeded');
  await expect(canvas.stateOf('broken')).toContainText('failed');
  await expect(canvas.stateOf('after')).toContainText('skipped');

  await drawer.tab('Results');
  await drawer.row('output_csv').click();
  await expect(drawer.body.getByRole('cell', { name: '2800000' })).toBeVisible();
  await expect(drawer.body).toContainText('2 rows');
  await drawer.row('output_png').click();
  const picture = drawer.body.getByRole('img', { name: 'Image output_png' });
  await expect(picture).toBeVisible();
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBe(1);
  await drawer.row('output_txt').click();
  await expect(drawer.body.locator('pre')).toHaveText('Two cities.\nThat is all.\n');
  await drawer.row('output_json').click();
  await expect(drawer.body.locator('pre')).toContainText('"places": 2');
  await drawer.row('output_html').click();
  const made = drawer.body.frameLocator('iframe');
  await expect(made.getByRole('heading')).toHaveText('Two cities');
  await expect(made.locator('#p')).toHaveText('as made'); // no script of a result runs
  await drawer.row('make.ipynb → executed').click();
  await expect(drawer.body.locator('.nby-Cell').last()).toContainText('six files');
  await drawer.row('output_bin').click();
  await expect(drawer.body).toContainText('download the file');
  const download = page.waitForEvent('download');
  await drawer.row('output_bin').getByRole('link', { name: 'Download' }).click();
  const saved = await readFile(await (await download).path());
  expect(saved).toEqual(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));

  await drawer.tab('Output');
  await drawer.choose('make');
  await expect(drawer.body).toContainText('six files');
  await drawer.body.getByRole('button', { name: 'Open Executed Notebook' }).click();
  const executed = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-Executed');
  await expect(executed).toContainText('six files');
  await expect(executed).toContainText('read-only');
  await lab.closeTab('make');

  await expect(drawer.failure).toContainText('TypeError');
  await expect(drawer.failure).toContainText(/cell 3 \(In \[\d\]\)/);
  await drawer.failure.getByRole('button', { name: 'Show Failing Cell' }).click();
  const failing = drawer.body.locator('.nby-Cell').filter({ hasText: 'TypeError' });
  await expect(failing).toBeInViewport();
  await expect(failing).toContainText('Traceback');
  await canvas.card('make.ipynb').locator('.nby-Node-title').click(); // its picture enlarges
  await expect(drawer.body.getByLabel('Task')).toHaveValue('make'); // the card is the step

  await page.setViewportSize({ width: 1024, height: 700 });
  await canvas.button('toggle-palette').click();
  await expect(canvas.inspector.getByLabel('Label')).toBeInViewport({ ratio: 1 });
  await expect(canvas.palette).toBeHidden(); // it gives way, so that the picture has room
  await drawer.tab('Tasks');
  await expect(drawer.step('broken')).toContainText('cell 3');
});

test(
  'K5: a log of a million lines opens at its end; its start is a click away, and it downloads whole',
  { tag: '@long' },
  async ({ lab, server }) => {
    await writeFile(server.file('count.sh'), 'seq 1 1000000\n');
    const flow = workflow({ count: { path: 'count.sh', at: [0, 0] } });
    await writeFile(server.file('long.nbflow'), flow);
    const canvas = await lab.openWorkflow('long.nbflow');
    await canvas.button('run-workflow').click();
    const { drawer, page } = lab;
    await drawer.succeeds();
    const asked: string[] = [];
    page.on('request', request => request.url().includes('/log?') && asked.push(request.url()));
    await drawer.tab('Logs');
    const log = drawer.body.getByRole('log');
    await expect(log).toContainText('1000000');
    expect(asked.length).toBeLessThan(4);
    const first = async () => Number(await log.locator('.nby-Log-line').first().textContent());
    await log.hover();
    const before = asked.length;
    await page.mouse.wheel(0, -1e6);
    await expect.poll(() => asked.length).toBeGreaterThan(before); // what is before is read
    await expect.poll(first).toBeLessThan(999_000);
    await drawer.body.getByRole('button', { name: 'To the Start' }).click();
    await expect.poll(first).toBe(1);
    await drawer.body.getByLabel('Follow Log').check();
    await expect(log).toContainText('1000000');
    const download = page.waitForEvent('download');
    await drawer.body.getByRole('button', { name: 'Download' }).click();
    const lines = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\n');
    expect([lines.length, lines[0], lines[999_999]]).toEqual([1_000_000, '1', '1000000']);
  }
);

test(
  'K2: the minimap shows all nodes of a large workflow, also those that are not in view',
  { tag: '@long' },
  async ({ lab, server }) => {
    await writeFile(server.file('one.sh'), 'true\n');
    const places = Array.from({ length: 300 }, (_, index) => index);
    const nodes = places.map(index => [
      `n${index}`,
      { path: 'one.sh', at: [(index % 20) * 280, Math.floor(index / 20) * 160] as [number, number] }
    ]);
    await writeFile(server.file('large.nbflow'), workflow(Object.fromEntries(nodes)));
    const canvas = await lab.openWorkflow('large.nbflow', { whole: false });
    await canvas.root.getByRole('button', { name: 'Minimap' }).click();
    await expect(canvas.root.locator('.react-flow__minimap-node')).toHaveCount(300);
    await expect.poll(() => canvas.cards.count()).toBeLessThan(200);
    const mask = canvas.root.locator('.react-flow__minimap-mask');
    const fill = await mask.evaluate(path => getComputedStyle(path).fill);
    expect(Number(/[/,] ?(0?\.\d+)\)$/.exec(fill)?.[1] ?? 1)).toBeLessThan(0.9); // seen through it
  }
);
