/** What the benchmarks of the canvas share: a JupyterLab of their own, a Chromium, and numbers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { cpus, loadavg, release, tmpdir, type } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = resolve(HERE, '../..');
const PYTHON = process.env.PYTHON || join(ROOT, '.venv/bin/python');
const TOKEN = 'figures';
const PATIENCE = 300_000;
export const { chromium } = createRequire(join(ROOT, 'ui-tests/'))('playwright-core');

/** The number after `--name`, else the usual one, or with `--smallest` that of one short round. */
export function option(name, usual, smallest) {
  const at = process.argv.indexOf(`--${name}`);
  const isSmallest = process.argv.includes('--smallest');
  return at < 0 ? (isSmallest ? smallest : usual) : Number(process.argv[at + 1]);
}

/** Writes a line of JSON to standard output. */
export function printLine(title, measured) {
  const [system, node] = [`${type()} ${release()}`, process.version];
  const machine = { cores: cpus().length, load: loadavg(), node, system };
  console.log(JSON.stringify({ title, machine, left_out: {}, ...measured }));
}

/** A folder with a store of its own; `root` is what JupyterLab serves of it. */
export class Place {
  folder = mkdtempSync(join(tmpdir(), 'nbyard-figures-'));
  root = join(this.folder, 'root');
  children = [];

  constructor() {
    mkdirSync(this.root);
    const own = { HOME: this.folder, NBYARD_STORE_DIR: join(this.folder, 'store') };
    this.env = { ...process.env, ...own, JUPYTER_CONFIG_DIR: join(this.folder, 'config') };
  }

  start(words, stdio, env = this.env) {
    const child = spawn(PYTHON, words, { env, cwd: this.root, stdio });
    this.children.push(child);
    return child;
  }

  startPart(name, words, stdio) {
    const env = { ...this.env, PYTHONPATH: join(HERE, '..') };
    return this.start(['-m', `parts.${name}`, ...words], stdio, env);
  }

  /** Fills the store with so many runs and datasets, and with models among the outputs. */
  async fill(rows) {
    const child = this.startPart('filling', [this.root, String(rows)], 'inherit');
    const [code] = await once(child, 'exit');
    if (code) {
      throw new Error('the store was not filled');
    }
  }

  async startLab() {
    const port = await freePort();
    const words = ['-m', 'jupyterlab', '--no-browser', '--allow-root', `--ServerApp.port=${port}`];
    words.push(`--IdentityProvider.token=${TOKEN}`, `--ServerApp.root_dir=${this.root}`);
    words.push('--YDocExtension.disable_rtc=True', '--LabApp.expose_app_in_browser=True');
    words.push(`--LabApp.workspaces_dir=${join(this.folder, 'w')}`);
    this.start(words, 'ignore');
    const url = `http://127.0.0.1:${port}`;
    const answers = () => fetch(`${url}/api`).then(({ ok }) => ok, () => false); // prettier-ignore
    while (!(await answers())) {
      await new Promise(done => setTimeout(done, 200));
    }
    this.lab = path => `${url}/lab${path && `/tree/${path}`}?token=${TOKEN}`;
  }

  /** The process that moves the tasks of a run; `ask` answers with what it says. */
  async startWriter(nodes) {
    const words = [this.root, String(nodes)];
    const child = this.startPart('moving_tasks', words, ['pipe', 'pipe', 'inherit']);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const heard = async () => {
      const { value, done } = await lines.next();
      if (done) {
        throw new Error('the writer has ended');
      }
      return JSON.parse(value);
    };
    const ask = question => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return heard();
    };
    return { ask, port: (await heard()).port };
  }

  async openBrowser() {
    const executablePath = join(ROOT, 'ui-tests/lab/chromium.py');
    const args = ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'];
    this.browser = await chromium.launch({ executablePath, args });
  }

  async newPage() {
    const page = await this.browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', error => console.error('page:', error.message));
    return page;
  }

  async end() {
    await this.browser?.close();
    this.children.forEach(child => child.kill());
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Milliseconds of processor time that the main thread of the page has used so far. */
export async function processor(cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return 1000 * metrics.find(({ name }) => name === 'ThreadTime').value;
}

function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Milliseconds between frames while the mouse goes to and fro with its button down. */
export async function frames(page, from, moves) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.evaluate(() => {
    window.ticks = [];
    const tick = now => {
      window.ticks.push(now);
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  });
  for (let move = 1; move <= moves; move++) {
    const swing = Math.sin((move / moves) * 2 * Math.PI);
    await page.mouse.move(from.x + 120 * swing, from.y + 60 * swing);
  }
  const ticks = await page.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    return window.ticks;
  });
  await page.mouse.up();
  return ticks.slice(1).map((tick, index) => tick - ticks[index]);
}

/** A place of the pane with no card, in pixels of the window. */
export function emptyPlace(page, seen) {
  return page.evaluate(({ x, y, width, height }) => {
    for (let down = y; down < y + height; down += 7) {
      for (let across = x; across < x + width; across += 7) {
        if (document.elementFromPoint(across, down)?.matches('.react-flow__pane')) {
          return { x: across, y: down };
        }
      }
    }
    throw new Error('cards lie everywhere');
  }, seen);
}

const sorted = list => [...list].sort((a, b) => a - b);
export const quantile = (list, part) =>
  sorted(list)[Math.min(list.length - 1, Math.floor(part * list.length))];
export const median = list => quantile(list, 0.5);
export const mean = list => list.reduce((sum, one) => sum + one, 0) / list.length;
