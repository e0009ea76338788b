/** A real JupyterLab on a copy of the penguins example: own port, own store, no user settings. */
import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ofRun, PYTHON } from './places';
import { sweep } from './processes';

const PATIENCE_MS = 60_000;
const LOOK_MS = 50;
const TOKEN = 'a-token-for-journeys';

/** JupyterLab's own questions about news would lie over what is looked at. */
const QUIET = {
  '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false }
};

/** Folders of one journey. The log and Jupyter's runtime folder belong to the server. */
const OF_A_JOURNEY = ['root', 'store', 'home', 'config', 'data', 'workspaces'];

export interface IFlavour {
  /** Shared documents over jupyter-collaboration. */
  collaboration?: boolean;
  baseUrl?: string;
}

export class LabServer {
  constructor({ collaboration = false, baseUrl = '/' }: IFlavour = {}) {
    this.collaboration = collaboration;
    this.baseUrl = baseUrl;
    this.folder = mkdtempSync(join(tmpdir(), 'nbyard-ui-'));
    this.root = join(this.folder, 'root');
  }

  /** What it serves. */
  readonly root: string;
  private readonly folder: string;
  private readonly collaboration: boolean;
  private readonly baseUrl: string;
  /** Settings of nbyard for the journey, as variables. */
  private settings: NodeJS.ProcessEnv = {};
  private port = 0;
  private child?: ChildProcess;
  /** Where the log of this journey begins. */
  private logStart = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.baseUrl}`;
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
    return this.fetch(method, `nbyard/api/${path}`, body);
  }

  /** Make something, as a script would. */
  async post(path: string, body: object): Promise<void> {
    const answer = await this.ask('POST', path, body);
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
  }

  /** Start a journey: new folders and a new store, in the JupyterLab that runs already. */
  async renew(settings: NodeJS.ProcessEnv): Promise<void> {
    const { runs } = this;
    if (this.child && !runs) {
      throw new Error(`JupyterLab ended by itself:\n${this.log()}`);
    }
    if (runs) {
      await this.undeploy();
      await this.renewal('DELETE');
      await sweep(this.folder, this.child!.pid);
    }
    this.settings = settings;
    await this.makeFolders();
    if (runs) {
      this.logStart = (await stat(this.logPath)).size;
      await this.renewal('POST', this.environment());
    } else {
      await this.start();
    }
  }

  /** Start JupyterLab on the present folders: the first time, or after `kill`. */
  async start(): Promise<void> {
    this.port ||= await freePort();
    const log = openSync(this.logPath, 'a');
    this.child = spawn(PYTHON, ['-m', 'jupyterlab', ...this.options()], {
      cwd: this.root,
      env: this.environment(),
      stdio: ['ignore', log, log],
      detached: true
    });
    closeSync(log);
    await this.answers();
  }

  /** As a crash or the kernel would end it. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child && this.runs) {
      const ended = new Promise(done => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    }
  }

  async stop(): Promise<void> {
    if (this.runs) {
      await this.undeploy();
    }
    await this.kill();
    await sweep(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private get runs(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private async makeFolders(): Promise<void> {
    const old = OF_A_JOURNEY.map(name => join(this.folder, name));
    await Promise.all(old.map(path => rm(path, { recursive: true, force: true, maxRetries: 5 })));
    await cp(ofRun('example'), this.root, { recursive: true });
    await Promise.all(['home', 'data'].map(name => mkdir(join(this.folder, name))));
    await mkdir(join(this.folder, 'config/labconfig'), { recursive: true });
    const settings = join(this.folder, 'config/labconfig/default_setting_overrides.json');
    await writeFile(settings, JSON.stringify(QUIET));
  }

  /** What is deployed would outlive the store. */
  private async undeploy(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const { items } = await (await this.ask('GET', 'deployments')).json();
      if (!items.length) {
        return;
      }
      if (Date.now() > end) {
        throw new Error(`${items.length} deployments could not be deleted`);
      }
      await Promise.all(
        items.map(({ id }: { id: string }) => this.ask('DELETE', `deployments/${id}`))
      );
      await pause(LOOK_MS);
    }
  }

  private async renewal(method: string, body?: object): Promise<void> {
    const answer = await this.fetch(method, 'journeys/renewal', body);
    if (!answer.ok) {
      throw new Error(`${method}: ${answer.status} ${await answer.text()}\n${this.log()}`);
    }
  }

  private async fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.signedIn, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body)
    });
  }

  private options(): string[] {
    return [
      '--ServerApp.ip=127.0.0.1',
      `--ServerApp.port=${this.port}`,
      '--ServerApp.port_retries=0',
      '--ServerApp.allow_root=True',
      '--ServerApp.open_browser=False',
      `--ServerApp.base_url=${this.baseUrl}`,
      `--ServerApp.root_dir=${this.root}`,
      '--ServerApp.jpserver_extensions=renewal=True',
      `--IdentityProvider.token=${TOKEN}`,
      `--YDocExtension.disable_rtc=${!this.collaboration}`,
      '--BaseFileIdManager.db_path=:memory:', // stays open from journey to journey
      `--LabApp.workspaces_dir=${join(this.folder, 'workspaces')}`,
      '--LabApp.expose_app_in_browser=True'
    ];
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: join(this.folder, 'home'),
      PATH: [dirname(PYTHON), process.env.PATH].join(delimiter),
      PYTHONPATH: __dirname,
      JUPYTER_PLATFORM_DIRS: '0',
      JUPYTER_CONFIG_DIR: join(this.folder, 'config'),
      JUPYTER_DATA_DIR: join(this.folder, 'data'),
      JUPYTER_RUNTIME_DIR: join(this.folder, 'runtime'),
      NBYARD_STORE_DIR: join(this.folder, 'store'),
      NBYARD_IDLE_SECONDS: '5',
      ...this.settings
    };
  }

  private async answers(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end && this.runs) {
      try {
        const answer = await this.fetch('GET', 'api/status');
        if (answer.ok) {
          return;
        }
      } catch {
        await pause(LOOK_MS); // it does not listen yet
      }
    }
    throw new Error(`JupyterLab did not start:\n${this.log()}`);
  }

  /** Whether JupyterLab has written down that something of this name is open below. */
  async remembersBelow(name: string): Promise<boolean> {
    const texts = await this.workspaces();
    const below = new RegExp(`"down": *\\{[^}]*"${name}`);
    return texts.some(text => below.test(text));
  }

  /** Whether JupyterLab has written down that so many views of a kind are in the main area. */
  async remembersInMain(kind: string, count: number): Promise<boolean> {
    const texts = await this.workspaces();
    const views = (text: string) => {
      const { main } = JSON.parse(text).data['layout-restorer:data'] ?? {};
      return JSON.stringify(main?.dock ?? {}).split(`"${kind}:`).length - 1;
    };
    return texts.some(text => views(text) === count);
  }

  /** Whether JupyterLab has written down a text in what it keeps under a key. */
  async remembers(key: string, text: string): Promise<boolean> {
    const texts = await this.workspaces();
    return texts.some(each => JSON.stringify(JSON.parse(each).data[key] ?? null).includes(text));
  }

  private async workspaces(): Promise<string[]> {
    const folder = join(this.folder, 'workspaces');
    const files = await readdir(folder).catch(() => []);
    const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')));
    return texts.filter(isJSON); // JupyterLab may be writing one
  }

  private get logPath(): string {
    return join(this.folder, 'log');
  }

  /** What this server has logged in this journey. */
  log(): string {
    const text = existsSync(this.logPath) ? readFileSync(this.logPath) : Buffer.alloc(0);
    return text.subarray(this.logStart).toString().slice(-8000);
  }
}

function isJSON(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
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
