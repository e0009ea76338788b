import { Locator, Page, TestInfo } from '@playwright/test';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { violationsIn } from '../lab/axe';
import { Lab, pointOf } from '../lab/lab';
import { LabServer } from '../lab/server';
import { expect, test } from '../lab/test';

test.use({ environment: { NBYARD_ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });

const PICTURE = resolve(__dirname, '../../docs/images/own-folder.png');

/** A CSV of about so many bytes. */
function table(bytes: number, seed = 0): Buffer {
  const rows = Array.from({ length: Math.ceil(bytes / 20) }, (_, row) => {
    const value = String((row * 7919 + seed) % 1_000_003);
    return `${String(row).padStart(8, '0')},${value.padEnd(10, '.')}\n`;
  });
  return Buffer.from(`row,value\n${rows.join('')}`);
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function view(lab: Lab): Locator {
  return lab.page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View');
}

/** Keeps back one piece of an upload; then it is lost, and later ones pass. */
class BrokenLine {
  constructor(private readonly nth: number) {}

  /** The upload whose piece is kept back. */
  upload = '';
  private sent = 0;
  private release!: () => void;
  private readonly released = new Promise<void>(done => (this.release = done));

  async lay(page: Page): Promise<void> {
    await page.route('**/nbyard/api/uploads/*', async route => {
      if (route.request().method() !== 'PATCH' || ++this.sent !== this.nth) {
        return route.continue();
      }
      this.upload = route.request().url().split('/').pop()!.split('?')[0];
      await this.released;
      return route.abort('connectionreset').catch(() => undefined); // the page gave up first
    });
  }

  async break(page: Page): Promise<void> {
    this.release();
    await page.unroute('**/nbyard/api/uploads/*');
  }
}

test('D1, D7, D8: uploads show progress, go on after a lost piece, leave nothing when cancelled, ask about a taken name', async ({
  lab,
  server,
  context
}, info) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await lab.panel();
  await inPieces(lab, server, info);
  await sameName(lab, info);
});

async function inPieces(lab: Lab, server: LabServer, info: TestInfo): Promise<void> {
  const upload = lab.panelButton('upload-dataset');
  const content = table(3 << 20);
  const line = new BrokenLine(2);
  await line.lay(lab.page);
  await lab.choose(upload, { name: 'big.csv', content });
  await expect(lab.sending('big.csv')).toContainText('1.0 MB of 3.1 MB');
  await expect(lab.sending('big.csv').getByRole('progressbar')).toHaveAttribute('value', '1048576');
  await lab.page.screenshot({ path: info.outputPath('sending.png') });
  await line.break(lab.page);
  const row = lab.row('dataset', 'big.csv');
  await expect(row.locator('.nby-mod-is-dataset')).toBeAttached();
  await expect(lab.sending('big.csv')).toHaveCount(0);
  await expect(row).toContainText('157,287 × 2');

  await row.dblclick();
  await expect(view(lab)).toContainText(digestOf(content));
  const id = (await row.getAttribute('data-id'))!;
  await view(lab).getByText('Details', { exact: true }).click();
  await view(lab).getByRole('button', { name: id, exact: true }).click();
  await expect.poll(() => lab.page.evaluate(() => navigator.clipboard.readText())).toBe(id);
  const download = lab.page.waitForEvent('download');
  await view(lab).getByRole('button', { name: 'Download' }).click();
  expect((await readFile(await (await download).path())).equals(content)).toBe(true);

  const second = new BrokenLine(2);
  await second.lay(lab.page);
  await lab.choose(upload, { name: 'other.csv', content: table(3 << 20, 1) });
  await expect(lab.sending('other.csv')).toContainText('1.0 MB of 3.1 MB');
  await expect.poll(() => second.upload).not.toBe('');
  expect((await server.ask('GET', `uploads/${second.upload}`)).status).toBe(200);
  await lab.sending('other.csv').getByRole('button', { name: 'Cancel the upload' }).click();
  await expect(lab.sending('other.csv')).toHaveCount(0);
  await second.break(lab.page);
  await expect
    .poll(async () => (await server.ask('GET', `uploads/${second.upload}`)).status)
    .toBe(404);
  await expect(lab.page.locator('.nby-Row[data-noun="dataset"]')).toHaveCount(1);
}

/** The same name again: a version, both, or neither. */
async function sameName(lab: Lab, info: TestInfo): Promise<void> {
  const [first, second] = [table(200), table(400)];
  await lab.dropFile('sales.csv', first);
  const row = lab.row('dataset', 'sales.csv');
  await expect(row).toContainText('10 × 2');
  await lab.dropFile('sales.csv', second);
  const asked = lab.sending('sales.csv');
  await expect(asked).toContainText('A dataset of this name already exists.');
  await lab.page.screenshot({ path: info.outputPath('asked.png') });
  await asked.getByRole('button', { name: 'Add as Version 2' }).click();
  await expect(asked).toHaveCount(0);
  await expect(row).toContainText('20 × 2 · csv · v2');
  await expect(row).toBeFocused();

  await lab.dropFile('sales.csv', table(600));
  await asked.getByRole('button', { name: 'Keep both' }).click();
  await expect(lab.row('dataset', 'sales 2.csv')).toContainText('30 × 2');
  await lab.dropFile('sales.csv', table(800));
  await asked.getByRole('button', { name: 'Dismiss' }).click();
  await expect(asked).toHaveCount(0);

  await row.dblclick();
  await expect(view(lab)).toContainText(digestOf(second));
  await view(lab).getByRole('tab', { name: 'Versions' }).click();
  await view(lab).getByRole('button', { name: 'version 1' }).click();
  await expect(view(lab)).toContainText(digestOf(first));
  await expect(view(lab)).toContainText('10 rows × 2 columns');
  await expect(view(lab).getByRole('link', { name: 'Download Version 1' })).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('older.png') });
}

/** A server of files that are slow, or not there. */
class Elsewhere {
  private readonly server: Server = createServer((request, response) => {
    if (request.url === '/gone.csv') {
      response.writeHead(404).end('no such file');
      return;
    }
    response.writeHead(200, { 'Content-Length': this.content.length });
    this.answering = response;
    this.drip = setInterval(() => {
      const piece = this.content.subarray(this.sent, (this.sent += 1024));
      response.write(piece);
    }, 20);
    this.sent = 0;
  });
  private answering!: ServerResponse;
  private drip?: NodeJS.Timeout;
  private sent = 0;

  constructor(readonly content: Buffer) {}

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Send the rest of what was asked for last. */
  finish(): void {
    clearInterval(this.drip);
    this.answering.end(this.content.subarray(this.sent));
  }

  /** Whoever asked last went away. */
  async left(): Promise<void> {
    if (!this.answering.closed) {
      await once(this.answering, 'close');
    }
    clearInterval(this.drip);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

test(
  'D2, D6: files from addresses; tables of every kind have rows, a picture is shown, others have size and hash',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    await lab.panel();
    await fromAddresses(lab, info);
    await ofEveryKind(lab, server, info);
  }
);

/** In the background; a 404, a private address, a change of mind. */
async function fromAddresses(lab: Lab, info: TestInfo): Promise<void> {
  const elsewhere = new Elsewhere(table(2 << 20));
  const address = await elsewhere.start();
  const field = lab.dialog.getByRole('textbox', { name: 'Address' });
  const importing = async (url: string) => {
    await lab.click(lab.panelButton('import-dataset'));
    await field.fill(url);
    await lab.press('Enter');
  };
  await importing('http://10.1.2.3/secret.csv');
  await expect(lab.dialog.getByRole('alert')).toContainText('private');
  await expect(lab.dialog.getByRole('alert')).toContainText('administrator');
  await expect(field).toHaveValue('http://10.1.2.3/secret.csv');
  await expect(field).toBeFocused();
  await lab.page.screenshot({ path: info.outputPath('refused.png') });

  await field.fill(`${address}/slow.csv`);
  await lab.press('Enter');
  const slow = lab.row('dataset', 'slow.csv');
  await expect(slow).toContainText('importing');
  await expect(slow).toBeFocused();
  await expect(slow).toContainText(/\d\d+\.\d kB/);
  await expect(slow.getByRole('progressbar')).toBeVisible();
  elsewhere.finish();
  await expect(slow).toContainText('104,858 × 2');
  await expect(slow.locator('.nby-mod-is-dataset')).toBeAttached();

  await importing(`${address}/gone.csv`);
  const gone = lab.row('dataset', 'gone.csv');
  await expect(gone).toContainText('failed');
  await expect(gone).toContainText('404');

  await importing(`${address}/unwanted.csv`);
  const unwanted = lab.row('dataset', 'unwanted.csv');
  await expect(unwanted).toContainText(/\d\d+\.\d kB/);
  await lab.press('Delete');
  await expect(lab.dialog).toContainText('Delete “unwanted.csv”?');
  await lab.press('Enter');
  await expect(unwanted).toHaveCount(0);
  await elsewhere.left();
  elsewhere.stop();
}

const SAMPLES = `
import io, zipfile, polars
frame = polars.DataFrame({"city": ["Oslo", "Bergen"], "people": [709037, 291940]})
frame.write_parquet("cities.parquet")
frame.write_ndjson("cities.jsonl")
main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
package = "http://schemas.openxmlformats.org/package/2006/relationships"
types = "http://schemas.openxmlformats.org/package/2006/content-types"
sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
rows = [["city", "people"], *frame.rows()]
cell = lambda v: f"<c><v>{v}</v></c>" if isinstance(v, int) else f'<c t="inlineStr"><is><t>{v}</t></is></c>'
body = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
with zipfile.ZipFile("cities.xlsx", "w") as book:
    book.writestr("[Content_Types].xml", f'<Types xmlns="{types}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.main+xml"/><Override PartName="/xl/worksheets/s1.xml" ContentType="{sheet}.worksheet+xml"/></Types>')
    book.writestr("_rels/.rels", f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
    book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>')
    book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/s1.xml"/></Relationships>')
    book.writestr("xl/worksheets/s1.xml", f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>')
with zipfile.ZipFile("things.zip", "w") as archive:
    archive.writestr("a.txt", "a")
`;

async function ofEveryKind(lab: Lab, server: LabServer, info: TestInfo): Promise<void> {
  server.python(SAMPLES);
  const tables = ['cities.parquet', 'cities.jsonl', 'cities.xlsx'];
  const names = [...tables, 'things.zip'];
  const files = await Promise.all(
    names.map(async name => ({ name, content: await readFile(server.file(name)) }))
  );
  const picture = { name: 'penguins.png', content: await readFile(PICTURE) };
  const drawing = { name: 'drawing.svg', content: Buffer.from('<svg onload="alert(1)"/>') };
  await lab.choose(lab.panelButton('upload-dataset'), ...files, picture, drawing);
  for (const name of tables) {
    await expect(lab.row('dataset', name)).toContainText('2 × 2');
    await lab.row('dataset', name).dblclick();
    await expect(view(lab).getByRole('heading', { name })).toBeVisible();
    await expect(view(lab).getByRole('columnheader', { name: 'people' })).toContainText(
      /int|float/
    );
    await expect(view(lab).getByRole('row').nth(2)).toContainText('Bergen');
    await expect(view(lab).getByRole('row').nth(2)).toContainText('291940');
  }
  const opened = async ({ name, content }: { name: string; content: Buffer }) => {
    await expect(lab.row('dataset', name).locator('.nby-mod-is-dataset')).toBeAttached();
    await lab.row('dataset', name).dblclick();
    await expect(view(lab).getByRole('heading', { name })).toBeVisible();
    await expect(view(lab)).toContainText(digestOf(content));
    await expect(view(lab).getByRole('tab', { name: 'Profile' })).toHaveCount(0);
  };
  await asArchive(lab, files[3], info);
  await opened(files[3]);
  await expect(view(lab)).toContainText('has no rows to show');
  await opened(drawing);
  await expect(view(lab)).toContainText('has no rows to show');
  await opened(picture);
  await expect(view(lab).getByRole('img', { name: 'penguins.png' })).toBeVisible();
  await expect(view(lab)).toContainText(/\d+ × \d+ pixels/);
  await lab.page.screenshot({ path: info.outputPath('picture.png') });
}

/** It is asked about; then it is one file, and once more, a folder. */
async function asArchive(
  lab: Lab,
  file: { name: string; content: Buffer },
  info: TestInfo
): Promise<void> {
  const asked = lab.sending(file.name);
  await expect(asked).toContainText('This file is an archive');
  await asked.scrollIntoViewIfNeeded();
  await lab.page.screenshot({ path: info.outputPath('archive.png') });
  const violations = await violationsIn(lab.page, '#nbyard-sidebar');
  expect(violations.map(({ id }) => id)).toEqual([]);
  await asked.getByRole('button', { name: 'Keep as It Is' }).click();
  await expect(asked).toHaveCount(0);
  await lab.choose(lab.panelButton('upload-dataset'), file);
  await asked.getByRole('button', { name: 'Unpack' }).focus();
  await lab.press('Enter');
  const folder = lab.page
    .locator('.nby-Row[data-noun="dataset"]')
    .filter({ hasText: /^things(?!\.)/ });
  await expect(folder.locator('.nby-mod-is-dataset')).toBeAttached();
  await expect(folder).toBeFocused();
  await folder.dblclick();
  await expect(view(lab).getByRole('heading', { name: 'things', exact: true })).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('unpacked.png') });
}

test('D6: a folder of the computer becomes one dataset', async ({ lab, server }, info) => {
  await mkdir(server.file('mine/größe'), { recursive: true });
  await writeFile(server.file('mine/a.csv'), 'x\n1\n');
  await writeFile(server.file('mine/größe/b.csv'), 'x\n2\n');
  await lab.panel();
  const asked = lab.page.waitForEvent('filechooser');
  await lab.click(lab.panelButton('upload-folder'));
  await (await asked).setFiles(server.file('mine'));
  await expect(lab.row('dataset', 'mine').locator('.nby-mod-is-dataset')).toBeAttached();
  const { items } = await (await server.ask('GET', 'datasets')).json();
  const [{ id }] = items.filter(({ name }: { name: string }) => name === 'mine');
  const kept = (path: string) => readFile(server.file(`resources/${id}/${path}`), 'utf8');
  expect(await Promise.all(['a.csv', 'größe/b.csv'].map(kept))).toEqual(['x\n1\n', 'x\n2\n']);
  await lab.row('dataset', 'mine').dblclick();
  await expect(view(lab).getByRole('heading', { name: 'mine', exact: true })).toBeVisible();
  await lab.page.screenshot({ path: info.outputPath('folder.png') });
});

test(
  'G6, D9, K1: both panels by keyboard: arrows, Enter, F2, Delete; a workflow at the first click',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    for (const name of ['one', 'two', 'three']) {
      const source = { kind: 'file', path: 'penguins.csv' };
      await server.ask('POST', 'datasets', { source, name });
    }
    for (const path of ['clean.ipynb', 'train.ipynb']) {
      await server.ask('POST', 'executables', { path });
    }
    const panel = await lab.panel();
    await expect(lab.row('dataset', 'one')).toContainText('344 × 8');
    for (const label of ['Datasets', 'Executables']) {
      const grid = panel.getByRole('grid', { name: label });
      await expect(grid.locator('[tabindex="0"]')).toHaveCount(1);
    }
    const axe = async (place: string) => {
      const violations = await violationsIn(lab.page, place);
      expect(violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([]);
    };
    await lab.row('dataset', 'three').focus();
    await lab.press('ArrowDown');
    await expect(lab.row('dataset', 'two')).toBeFocused();
    await lab.press('F2');
    const field = lab.dialog.getByRole('textbox', { name: 'Name' });
    await expect(field).toHaveValue('two');
    await field.fill('one');
    await lab.press('Enter');
    await expect(lab.dialog.getByRole('alert')).toContainText('already');
    await lab.page.screenshot({ path: info.outputPath('rename.png') });
    await axe('.jp-Dialog');
    await field.fill('deux');
    await lab.press('Enter');
    await expect(lab.row('dataset', 'deux')).toBeFocused();
    await lab.press('Enter');
    await expect(view(lab).getByRole('heading', { name: 'deux' })).toBeVisible();

    await lab.row('dataset', 'deux').focus();
    await lab.press('Delete');
    await expect(lab.dialog).toContainText('Delete “deux”?');
    await lab.press('Enter');
    await expect(lab.row('dataset', 'deux')).toHaveCount(0);
    await expect(lab.row('dataset', 'one')).toBeFocused();
    await expect(view(lab)).toHaveCount(0);

    await lab.row('executable', 'train').focus();
    await lab.press('ArrowDown');
    await lab.press('F2');
    await field.fill('tidy');
    await lab.press('Enter');
    await expect(lab.row('executable', 'tidy')).toBeFocused();
    await lab.press('ArrowRight');
    await lab.press('Enter');
    await expect(view(lab).getByRole('tab', { name: 'Test run', selected: true })).toBeVisible();
    await axe('#nbyard-sidebar');

    const row = lab.row('dataset', 'one');
    const place = await pointOf(row.getByRole('button', { name: 'Use in New Workflow' }));
    await lab.page.mouse.move(place.x, place.y);
    await lab.page.mouse.down();
    await lab.page.mouse.move(place.x + 6, place.y + 3, { steps: 3 }); // no hand is still
    await lab.page.mouse.up();
    await expect(lab.canvas.card('one')).toBeVisible();

    const nodes = {
      one: { type: 'dataset', dataset: await row.getAttribute('data-id') },
      clean: { type: 'executable', path: 'clean.ipynb' }
    };
    const edge = { source: 'one', output: 'data', target: 'clean', input: 'input_csv' };
    const flow = { version: 1, nodes, edges: { edge } };
    await writeFile(server.file('uses.nbflow'), JSON.stringify(flow));
    expect((await server.ask('POST', 'runs', { path: 'uses.nbflow' })).status).toBe(201);
    await lab.row('dataset', 'one').focus();
    await lab.press('Delete');
    await expect(lab.dialog).toContainText('Delete “one”?');
    await lab.press('Enter');
    await expect(lab.dialog).toContainText('is used by run 1, untitled.nbflow, uses.nbflow.');
    await lab.press('Escape');
    await expect(row).toBeFocused();
  }
);
