/** The seams of the canvas: what it asks of the server's side, filled by other plug-ins. */
import { Token } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';
import type { ILost } from '../components/useLost';
import { IDeclared, IDeclareFiles, IUndeclared } from '../components/OpenedFiles';
import { IArgument } from '../document/arguments';
import { Json } from '../document/canonical';
import { IEdge, IFlow } from '../document/flow';

/** What the server read of one node. */
export interface INodeReading {
  name?: string;
  /** "notebook", "command", "dataset" … */
  kind?: string;
  /** A dataset node has one output, `data`, whose format is the dataset's. */
  arguments?: readonly Partial<IArgument>[];
  hints?: readonly string[];
  executable?: string | null;
  dataset?: string | null;
  problem?: string | null;
  /** Files that it opened when it succeeded last. */
  undeclared?: IUndeclared | null;
  /** The last result is older than the node's code, values or inputs. */
  stale?: boolean;
}

export interface IProblem {
  node?: string | null;
  edge?: string | null;
  path?: string | null;
  message: string;
}

export interface IProposal extends IEdge {
  reason?: string;
  /** Files to declare first: an output of the source, an input of the target. */
  writes?: string;
  reads?: string;
}

export interface ICheck {
  nodes: Record<string, INodeReading>;
  problems: readonly IProblem[];
  proposals: readonly IProposal[];
  /** The workflow of which this file is a copy, with its id; else empty. */
  copyOf?: string;
}

export interface IRunSelection {
  /** `from`: these nodes and what follows; `to`: these and what they need. */
  mode: 'all' | 'selected' | 'from' | 'to';
  nodes: readonly string[];
  /** Do not take anything from the cache. */
  force?: boolean;
  parameters?: Record<string, Json>;
  /** Where steps run that do not say so themselves. */
  runtime?: string;
  /** Fresh for each step, or warm for the run; empty: as the server is set. */
  containers?: '' | 'fresh' | 'warm';
  /** Higher is served first. */
  priority?: number;
}

/** A frozen state of an executable. */
export interface IVersion {
  id: string;
  number: number;
  at: string;
}

/** A run in which a node succeeded. */
export interface IResultRun {
  id: string;
  number: number;
  at: string;
}

/** The step that was chosen last, on a canvas or where its runs are shown. */
export interface IChosenStep {
  /** The document. */
  path: string;
  /** None of it was chosen: it came to the front, or its card was left. */
  node?: string;
}

export interface IChosenSteps {
  choose(step: IChosenStep): void;
  readonly last?: IChosenStep;
  readonly chosen: ISignal<IChosenSteps, IChosenStep>;
}

/** A file that became, or already was, a dataset or an executable. */
export interface IRegistered {
  type: 'dataset' | 'executable';
  id?: string;
  name?: string;
}

export interface IWorkflowBackend {
  check(path: string, document: IFlow): Promise<ICheck>;
  /** Make a file of the server's folder a dataset or an executable, whichever it is. */
  register(path: string): Promise<IRegistered>;
  /** Declare files that code opens by itself, in its description; `code` is its path. */
  declare(code: string, change: IDeclareFiles): Promise<IDeclared>;
  /** Run the saved document. */
  run(path: string, selection: IRunSelection): Promise<{ id: string }>;
  /** The versions of an executable, newest first. */
  versions(executable: string): Promise<readonly IVersion[]>;
  /** The runs of the document that have a result of the node, newest first. */
  results(path: string, node: string): Promise<readonly IResultRun[]>;
  /** A file as it is saved, or an executable as it is now, as a version. */
  freeze(of: { path: string } | { executable: string }): Promise<IVersion>;
  /** Names of the runtimes that can be chosen. */
  runtimes(): Promise<readonly string[]>;
  /** Names of the kernels of the server's machine that belong to no library. */
  kernels(): Promise<readonly string[]>;
  /** Why nothing can run in a container now; empty when it can. */
  noContainers(): Promise<string>;
  /** The values of parameters in the newest run of the document. */
  lastParameters(path: string): Promise<Readonly<Record<string, Json>>>;
  /** Stop the running run of the document, if any. */
  stop(path: string): Promise<void>;
}

export type TaskState =
  'waiting' | 'queued' | 'preparing' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export interface INodeRun {
  state: TaskState;
  /** Why it waits, or why it failed. */
  reason?: string;
  cached?: boolean;
  /** 0 … 1 */
  progress?: number;
  /** For example "cell 4/9". */
  detail?: string;
  seconds?: number;
  /** Where it can be watched, as long as it answers there. */
  monitors?: readonly { name: string; href: string }[];
  /** The run, and its outputs here that may be models. */
  models?: { run: string; outputs: readonly string[] };
}

/** The states of one document's newest run. */
export interface IRunStates extends IDisposable {
  readonly run?: { id: string; name?: string; state: string };
  /** Undefined while the server is there. */
  readonly lost?: ILost;
  get(node: string): INodeRun | undefined;
  /** The same without any words: there may be thousands of nodes. */
  stateOf(node: string): TaskState | undefined;
  /** With the nodes that changed, or nothing when all may have. */
  readonly changed: ISignal<IRunStates, ReadonlySet<string> | undefined>;
}

export interface IRunStatesSource {
  /** Follow the runs of the document at this path, which may change; dispose it with the tab. */
  follow(path: () => string): IRunStates;
}

/** A dataset or an executable in the drawer, and what a drag of it carries. */
export interface IPaletteRow {
  type: 'dataset' | 'executable';
  id: string;
  name: string;
  kind?: string;
  /** Path from the server's root, where the thing is a file; else it is known by its id. */
  path?: string;
  /** It is the file of an artifact, of which `id` is the name. */
  artifact?: boolean;
  /** A file that is not registered yet; `path` is where it is. */
  isFile?: boolean;
  /** One short line: "csv · 1.2 MB", "notebook · 2 in, 1 out". */
  detail?: string;
}

export interface IPaletteSource {
  readonly rows: readonly IPaletteRow[];
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: string;
  readonly changed: ISignal<IPaletteSource, void>;
  /** Load, or load again; called when a drawer is first shown. */
  refresh(): Promise<void>;
}

export const IWorkflowBackend = new Token<IWorkflowBackend>(
  'nbyard:IWorkflowBackend',
  'Checks, registers and runs what is on a workflow canvas.'
);

export const IRunStatesSource = new Token<IRunStatesSource>(
  'nbyard:IRunStatesSource',
  'Live states of the nodes of a workflow.'
);

export const IPaletteSource = new Token<IPaletteSource>(
  'nbyard:IPaletteSource',
  'Datasets and executables that can be dragged onto a workflow canvas.'
);

export const IChosenSteps = new Token<IChosenSteps>(
  'nbyard:IChosenSteps',
  'The step of a workflow that is looked at, on its canvas and in its runs.'
);

/** All seams together; any may be absent. */
export interface ICanvasServices {
  backend?: IWorkflowBackend;
  runs?: IRunStatesSource;
  palette?: IPaletteSource;
  steps?: IChosenSteps;
}
