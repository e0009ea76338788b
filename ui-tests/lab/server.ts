/** A real JupyterLab on a copy of the penguins example: own port, own store, no user settings. */
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const REPOSITORY = resolve(__dirname, '../..');
export const PYTHON = resolve(REPOSITORY, process.env.NBYARD_TEST_PYTHON || '.venv/bin/python');
const PATIENCE_MS = 60_000;
const TOKEN = 'a-token-for-journeys';

/** JupyterLab's own questions about news would lie over what is looked at. */
const QUIET = {
  '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false }
};

export interface IFlavour {
  /** Shared documents over jupyter-collaboration. */
  collaboration: boolean;
  baseUrl: string;
  /** Settings of the server, as variables. */
  environment?: NodeJS.ProcessEnv;
}

export class LabServer {
  constructor(readonly flavour: IFlavour) {
    this.folder = mkdtempSync(join(tmpdir(), 'nbyard-ui-'));
    this.root = join(this.folder, 'root');
  }

  /** What it serves. */
  readonly root: string;
  private readonly folder: string;
  private port = 0;
  private child?: ChildProcess;

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.flavour.baseUrl}`;
  }

  /** The address that signs in and shows JupyterLab, a file of it if one is named. */
  lab(path = ''): string {
    return `${this.url}lab${path && `/tree/${path}`}?token=${TOKEN}`;
  }

  /** Where to sign in without any page of JupyterLab. */
  get signedIn(): { Authorization: string } {
    return { Authorization: `token ${TOKEN}` };
  }

  file(name: string): string {
    return join(this.root, name);
  }

  /** Run a few lines of Python where the files are: for files that Node cannot make. */
  python(lines: string): void {
    execFileSync(PYTHON, ['-c', lines], { cwd: this.root });
  }

  /** A command line in the folder that is served, on the same store; its exit code. */
  async shell(...words: string[]): Promise<number | null> {
    const options = { cwd: this.root, env: this.environment(), stdio: 'ignore' as const };
    const child = spawn(join(dirname(PYTHON), 'nbyard'), words, options);
    return new Promise((done, failed) => child.once('exit', done).once('error', failed));
  }

  /** Ask an operation of nbyard, past the browser. */
  async ask(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.url}nbyard/api/${path}`, {
      method,
      headers: { ...this.signedIn, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body)
    });
  }

  /** Make something, as a script would. */
  async post(path: string, body: object): Promise<void> {
    const answer = await this.ask('POST', path, body);
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
  }

  async start(): Promise<this> {
    if (!this.port) {
      this.port = await freePort();
      const example = join(REPOSITORY, 'examples/penguins');
      await cp(example, this.root, { recursive: true });
      await mkdir(join(this.folder, 'home'));
      await mkdir(join(this.folder, 'config/labconfig'), { recursive: true });
      const settings = join(this.folder, 'config/labconfig/default_setting_overrides.json');
      await writeFile(settings, JSON.stringify(QUIET));
      execFileSync(PYTHON, [this.file('get_data.py')]);
    }
    const log = openSync(join(this.folder, 'log'), 'a');
    this.child = spawn(PYTHON, ['-m', 'jupyterlab', ...this.options()], {
      cwd: this.root,
      env: this.environment(),
      stdio: ['ignore', log, log],
      detached: true
    });
    closeSync(log);
    await this.answers();
    return this;
  }

  /** As a crash or the kernel would end it. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.undeploy();
    await this.end('SIGKILL');
    await this.sweep();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What is deployed would outlive the store. */
  private async undeploy(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    try {
      for (let count = 1; count && Date.now() < end; ) {
        const { items } = await (await this.ask('GET', 'deployments')).json();
        count = items.length;
        await Promise.all(
          items.map(({ id }: { id: string }) => this.ask('DELETE', `deployments/${id}`))
        );
        await new Promise(done => setTimeout(done, count ? 200 : 0));
      }
    } catch {
      // the test has ended it
    }
  }

  private options(): string[] {
    const { collaboration, baseUrl } = this.flavour;
    return [
      '--ServerApp.ip=127.0.0.1',
      `--ServerApp.port=${this.port}`,
      '--ServerApp.port_retries=0',
      '--ServerApp.allow_root=True',
      '--ServerApp.open_browser=False',
      `--ServerApp.base_url=${baseUrl}`,
      `--ServerApp.root_dir=${this.root}`,
      `--IdentityProvider.token=${TOKEN}`,
      `--YDocExtension.disable_rtc=${!collaboration}`,
      `--LabApp.workspaces_dir=${join(this.folder, 'workspaces')}`,
      '--LabApp.expose_app_in_browser=True'
    ];
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: join(this.folder, 'home'),
      PATH: [dirname(PYTHON), process.env.PATH].join(delimiter),
      JUPYTER_PLATFORM_DIRS: '0',
      JUPYTER_CONFIG_DIR: join(this.folder, 'config'),
      JUPYTER_DATA_DIR: join(this.folder, 'data'),
      JUPYTER_RUNTIME_DIR: join(this.folder, 'runtime'),
      NBYARD_STORE_DIR: join(this.folder, 'store'),
      NBYARD_IDLE_SECONDS: '5',
      ...this.flavour.environment
    };
  }

  private async answers(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end && this.child?.exitCode === null) {
      try {
        const answer = await fetch(`${this.url}api/status`, { headers: this.signedIn });
        if (answer.ok) {
          return;
        }
      } catch {
        await new Promise(done => setTimeout(done, 100)); // it does not listen yet
      }
    }
    throw new Error(`JupyterLab did not start:\n${this.log()}`);
  }

  /** Whether JupyterLab has written down that something of this name is open below. */
  async remembersBelow(name: string): Promise<boolean> {
    const folder = join(this.folder, 'workspaces');
    const files = await readdir(folder).catch(() => []);
    const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')));
    const below = new RegExp(`"down": *\\{[^}]*"${name}`);
    return texts.some(text => below.test(text));
  }

  log(): string {
    const path = join(this.folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8').slice(-8000) : '';
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child?.pid && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise(done => child.once('exit', done));
      process.kill(child.pid, signal);
      await ended;
    }
  }

  /** Dispatcher, runners and kernels live on by design: end what has our store in its environment. */
  private async sweep(): Promise<void> {
    for (const pid of await readdir('/proc')) {
      const text = /^\d+$/.test(pid)
        ? await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
        : '';
      if (text.includes(this.folder)) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // it ended by itself
        }
      }
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
