import type { ISpelling } from '../../../spelling/ShowAsCommand';
import { nullTranslator } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { IDeclareFiles } from '../../../components/OpenedFiles';
import { Json, JsonObject } from '../../../document/canonical';
import { IFlow } from '../../../document/flow';
import { FlowModel } from '../../../document/flowModel';
import { CanvasController } from '../controller';
import {
  ICanvasServices,
  ICheck,
  IForecast,
  INodeReading,
  INodeRun,
  IProposedRule,
  IRunSelection,
  IRunStates
} from '../tokens';

export const READINGS: Record<string, INodeReading> = {
  'sales.csv': { kind: 'dataset', arguments: [{ name: 'data', role: 'output', format: 'csv' }] },
  'clean.ipynb': {
    kind: 'notebook',
    arguments: [
      { name: 'raw', role: 'input', format: 'csv', required: true },
      { name: 'alpha', type: 'float', default: 0.1 },
      { name: 'tidy', role: 'output', format: 'csv' }
    ]
  },
  'alone.ipynb': { kind: 'notebook', arguments: [{ name: 'seed', type: 'int', default: 7 }] },
  'nervosum.yaml': { kind: 'model', arguments: [] },
  'train.ipynb': {
    kind: 'notebook',
    arguments: [
      { name: 'data', role: 'input', format: 'csv' },
      { name: 'extra', role: 'input' },
      { name: 'model', role: 'output', format: 'joblib' }
    ]
  }
};

/** What lies beside the document. */
export const FILES = ['flow.nbflow', 'notes.md', 'plot.py', 'plot.py.nbexec', 'score.ipynb'];

export const NOTHING: IForecast = {
  cached: 2,
  toRun: 0,
  isMaximum: false,
  took: '',
  waits: '',
  reasons: new Map()
};

/** A server that reads by file name, and remembers what it was asked. */
export class FakeBackend {
  questions: { path: string; document: IFlow }[] = [];
  runs: { path: string; selection: IRunSelection }[] = [];
  registered: string[] = [];
  frozen: unknown[] = [];
  asked: [string, string][] = [];
  declared: [string, IDeclareFiles][] = [];
  tagged: [string, number][] = [];
  saved: string[] = [];
  problems: ICheck['problems'] = [];
  proposals: ICheck['proposals'] = [];
  copyOf = '';
  forecasts: { path: string; document: IFlow; signal: AbortSignal }[] = [];
  answer: () => Promise<IForecast> = async () => NOTHING;
  failure?: Error;
  last: Record<string, Json> = {};

  async check(path: string, document: IFlow): Promise<ICheck> {
    this.questions.push({ path, document });
    if (this.failure) {
      throw this.failure;
    }
    const nodes = Object.entries(document.nodes).map(([id, node]) => {
      const file = String(node.path ?? '')
        .split('/')
        .pop()!;
      return [id, READINGS[file] ?? {}] as const;
    });
    return {
      nodes: Object.fromEntries(nodes),
      problems: this.problems,
      proposals: this.proposals,
      copyOf: this.copyOf
    };
  }

  async forecast(path: string, document: IFlow, signal: AbortSignal): Promise<IForecast> {
    this.forecasts.push({ path, document, signal });
    return this.answer();
  }

  async save(path: string): Promise<void> {
    this.saved.push(path);
    if (this.failure) {
      throw this.failure;
    }
  }

  async register(path: string) {
    this.registered.push(path);
    if (this.failure) {
      throw this.failure;
    }
    return { type: path.endsWith('.ipynb') ? ('executable' as const) : ('dataset' as const) };
  }

  async codeFiles(folder: string) {
    return folder === 'empty' ? [] : ['a.ipynb', 'b.py'].map(name => `${folder}/${name}`);
  }

  async declare(code: string, change: IDeclareFiles) {
    this.declared.push([code, change]);
    if (this.failure) {
      throw this.failure;
    }
    const of = (role: string, paths: string[] = []) =>
      paths.map(path => ({
        name: path.split('.')[0],
        role,
        default: path,
        reach: { kind: 'file', path }
      }));
    const added = [...of('input', change.inputs), ...of('output', change.outputs)];
    return { description: `${code}.nbexec`, added };
  }

  async tagCell(path: string, cell: number) {
    this.tagged.push([path, cell]);
    if (this.failure) {
      throw this.failure;
    }
    return `tagged ${cell}`;
  }

  async run(path: string, selection: IRunSelection) {
    this.runs.push({ path, selection });
    if (this.failure) {
      throw this.failure;
    }
    return { id: 'run-1' };
  }

  async versions() {
    return [{ id: 'v2', number: 2, created_at: '2026-01-02' }];
  }

  proposed: IProposedRule[] = [];

  async propose(): Promise<readonly IProposedRule[]> {
    return this.proposed;
  }

  async results(path: string, node: string) {
    this.asked.push([path, node]);
    return node === 'clean' ? [{ id: 'r12', number: 12, created_at: '2026-01-02' }] : [];
  }

  async freeze(of: { path: string } | { executable: string }) {
    this.frozen.push(of);
    return { id: 'v2', number: 2, created_at: '2026-01-02' };
  }

  async spelling(path: string): Promise<ISpelling<[selection: IRunSelection]>> {
    return {
      client: { call: async () => ({ command: 'nbyard run', python: '' }) as never },
      request: ({ parameters }) => ({ id: 'runs.create', question: { body: { path, parameters } } })
    };
  }

  async runtimes() {
    return { names: ['process', 'docker', 'dask'], note: null };
  }

  async quotaUse(): Promise<never> {
    return {
      quota: '',
      limits: {},
      uses: [],
      stored_bytes: 0,
      free_gpus: 0,
      total_gpus: 0
    } as never;
  }

  async environments() {
    return ['science'];
  }

  async images() {
    return ['cows:1'];
  }

  async kernels() {
    return ['python3', 'ir'];
  }

  async noContainers() {
    return '';
  }

  async lastParameters() {
    return this.last;
  }

  async stop() {
    // nothing runs
  }
}

export class FakeRuns implements IRunStates {
  states = new Map<string, INodeRun>();
  sources = new Map<string, ReadonlyPartialJSONObject>();
  changed: Signal<IRunStates, ReadonlySet<string> | undefined> = new Signal(this);
  isDisposed = false;
  path?: () => string;
  run?: IRunStates['run'];
  get = (id: string) => this.states.get(id);
  failingSourceArgs = (id: string) => this.sources.get(id);
  stateOf = (id: string) => this.states.get(id)?.state;
  dispose() {
    this.isDisposed = true;
  }
}

export interface IBench {
  canvas: CanvasController;
  backend: FakeBackend;
  runs: FakeRuns;
  executed: [string, unknown][];
  /** Rename the file. */
  rename: (path: string) => void;
  saves: () => number;
  /** Let the question that waits be asked and answered. */
  settle: () => Promise<void>;
}

/** A controller on three nodes, with everything outside of it faked; needs fake timers. */
export async function bench(
  path = 'work/flow.nbflow',
  more: Partial<ICanvasServices> = {},
  others = 0
): Promise<IBench> {
  const model = new FlowModel();
  const doc = model.sharedModel;
  doc.addNode('sales', { type: 'dataset', path: 'sales.csv' }, [0, 0]);
  doc.addNode('clean', { type: 'executable', path: 'clean.ipynb' }, [300, 0]);
  doc.addNode('train', { type: 'executable', path: 'train.ipynb' }, [600, 40]);
  for (let number = 0; number < others; number++) {
    doc.addNode(`n${number}`, { type: 'executable', path: 'clean.ipynb' }, [300 * number, 200]);
  }
  doc.setMeta('id', 'w');
  doc.clearUndoHistory();
  model.dirty = false;
  const backend = new FakeBackend();
  const runs = new FakeRuns();
  const executed: [string, unknown][] = [];
  let saves = 0;
  const context = {
    path,
    model,
    contentsModel: { writable: true },
    pathChanged: new Signal<object, string>({}),
    saveState: new Signal<object, string>({}),
    save: async () => {
      context.saveState.emit('started');
      saves++;
      model.dirty = false;
    }
  };
  const canvas = new CanvasController({
    context: context as never,
    services: { backend, runs: { follow: at => ((runs.path = at), runs) }, ...more },
    contents: {
      localPath: (one: string) => one,
      get: async (folder: string) => ({
        type: ['lib', 'empty'].includes(folder) ? 'directory' : 'file',
        content: FILES.map(name => ({ name, path: `${folder}/${name}` }))
      }),
      save: async () => undefined,
      fileChanged: new Signal({})
    } as never,
    commands: {
      hasCommand: () => true,
      execute: async (id: string, args: unknown) => void executed.push([id, args])
    } as never,
    trans: nullTranslator.load('nbyard')
  });
  const settle = async () => {
    await jest.advanceTimersByTimeAsync(300);
  };
  await settle();
  const rename = (to: string) => {
    context.path = to;
    context.pathChanged.emit(to);
  };
  return { canvas, backend, runs, executed, rename, saves: () => saves, settle };
}

export function steps(canvas: CanvasController): number {
  return canvas.doc.undoManager.undoStack.length;
}

export function nodesOf(canvas: CanvasController): Record<string, JsonObject> {
  return canvas.doc.toJSON().nodes;
}
