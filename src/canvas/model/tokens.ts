/** The interfaces that the canvas needs; other plug-ins provide them. */
import { ReadonlyPartialJSONObject, Token } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type {
  ExecutableVersion,
  NewRun,
  NodeView,
  Proposal,
  QuotaUse,
  Runtimes,
  Run,
  Task
} from '../../api/types';
import type { ILost } from '../../components/hooks/useLost';
import { IDeclared, IDeclareFiles, IUndeclared } from '../../components/OpenedFiles';
import { IArgument } from '../../document/arguments';
import type { ISpelling } from '../../spelling/ShowAsCommand';
import { Json, JsonObject } from '../../document/canonical';
import type { IBroken } from './diagram/ends';
import type { IPorts } from '../../document/edges';
import { IEdge, IFlow } from '../../document/flow';
import type { IElements } from './diagram/maps';

/** What the user can do about a message. */
export interface INoticeAction {
  label: string;
  run: () => void;
}

export interface IPick {
  id: string;
  label: string;
  detail?: string;
  /** The kind of node, shown as an icon. */
  kind?: string;
  /** Items of a group come after those of lower groups. */
  group?: number;
}

export interface IPickRequest {
  title: string;
  items: readonly IPick[];
  /** Finds further items on the server. */
  search?: (text: string) => Promise<readonly IPick[]>;
  /** Where it opens, in pixels of the window; the middle of the canvas by default. */
  at?: { x: number; y: number };
  done: (item: IPick | undefined) => void;
}

/** The state of the canvas' panels, which is not part of the document. */
export interface ICanvasUi {
  palette: boolean;
  inspector: boolean;
  outline: boolean;
  minimap?: boolean;
  picker?: IPickRequest;
  /** The comment whose source is shown; `close` ends the undo step of its text. */
  editing?: { id: string; close?: () => void };
  /** The latest message, also for screen readers. */
  notice?: { text: string; problem: boolean; run?: string; action?: INoticeAction };
}

type Read = Omit<NodeView, 'arguments' | 'hints' | 'problem' | 'undeclared'>;

/** What the server read of one node, with texts instead of reasons. */
export interface INodeReading extends Partial<Read> {
  /** A dataset node has one output, `data`, with the dataset's format. */
  arguments?: readonly Partial<IArgument>[];
  hints?: readonly string[];
  problem?: string | null;
  /** Files that it opened in its last successful run, or missed in a later one. */
  undeclared?: IUndeclared | null;
}

/** Why a node does not run. */
export type Off = 'muted' | 'bypassed' | 'idle';

export interface IProblem {
  node?: string | null;
  edge?: string | null;
  path?: string | null;
  message: string;
}

export interface IProposal extends IEdge, Partial<Pick<Proposal, 'writes' | 'reads' | 'by_file'>> {
  reason?: string;
}

export interface ICheck {
  nodes: Record<string, INodeReading>;
  problems: readonly IProblem[];
  proposals: readonly IProposal[];
  /** The workflow that this file is a copy of, with its id; else empty. */
  copyOf?: string;
}

export interface IRunSelection {
  /** `from`: these nodes and all after them; `to`: these nodes and their dependencies. */
  scope: NewRun['scope'];
  nodes: readonly string[];
  /** Ignore the cache. */
  force?: boolean;
  parameters?: Record<string, Json>;
  /** Used for nodes that set no runtime. */
  runtime?: string;
  /** Fresh for each node, or warm for the run; empty: the server's setting. */
  containers?: NewRun['containers'];
  /** Runs with a higher value start first. */
  priority?: number;
  /** Values to try as texts, by NODE.NAME. */
  sweep?: Record<string, string>;
  /** Check Run: the first rows and files only; what is left out has the server's default. */
  sample?: { rows?: number; files?: number };
}

/** Options of a run that differ from the defaults. */
export type IRunChoices = Pick<
  IRunSelection,
  'containers' | 'force' | 'parameters' | 'priority' | 'runtime' | 'sample' | 'sweep'
>;

/** A pinned version of an executable. */
export type IVersion = Pick<ExecutableVersion, 'id' | 'number' | 'created_at'>;

/** A rule of a contract, and why it is proposed. */
export interface IProposedRule {
  rule: JsonObject;
  reason: string;
}

/** A run in which a node succeeded. */
export type IResultRun = Pick<Run, 'id' | 'number' | 'created_at'>;

/** The tabs of Run Info that the menu of a node opens. */
export type InfoTab = 'output' | 'logs' | 'resources';

/** The node that was chosen last, on a canvas or in a run view. */
export interface IChosenStep {
  /** The path of the document. */
  path: string;
  /** Undefined if the document came to the front or the node was deselected. */
  node?: string;
  /** The tab of Run Info to show. */
  tab?: InfoTab;
}

export interface IChosenSteps {
  choose(step: IChosenStep): void;
  readonly last?: IChosenStep;
  /** Drop the tab of the last choice, after it was shown. */
  forgetTab(): void;
  readonly chosen: ISignal<IChosenSteps, IChosenStep>;
}

/** A file that is a dataset or an executable, newly registered or not. */
export interface IRegistered {
  type: 'dataset' | 'executable';
  id?: string;
  name?: string;
}

/** What would happen if the document ran now. */
export interface IForecast {
  cached: number;
  toRun: number;
  /** Fewer nodes may run: some may still find their result in the cache. */
  isMaximum: boolean;
  /** For example "4 min"; empty if unknown. */
  took: string;
  /** What the first nodes wait for; empty for nothing. */
  waits: string;
  /** Why each node that may run does so. */
  reasons: ReadonlyMap<string, string>;
  /** How many elements of each map are cached. */
  elements?: ReadonlyMap<string, { cached: number; total: number }>;
}

export interface IWorkflowBackend {
  check(path: string, document: IFlow): Promise<ICheck>;
  /** Return what would run; reject if the document cannot run. */
  forecast(path: string, document: IFlow, signal: AbortSignal): Promise<IForecast>;
  /** Register a file of the server's folder as a dataset or an executable. */
  register(path: string): Promise<IRegistered>;
  /** Return the notebooks and scripts of a folder, without tests and modules. */
  codeFiles(folder: string): Promise<string[]>;
  /** Declare files that the code opens in its description; `code` is its path. */
  declare(code: string, change: IDeclareFiles): Promise<IDeclared>;
  /** Make a cell of a notebook its parameters cell; return the message about it. */
  tagCell(path: string, cell: number): Promise<string>;
  /** Save the open workflow and the code that its nodes read; reject if a document is not saved. */
  save(path: string): Promise<unknown>;
  /** Run the saved document. */
  run(path: string, selection: IRunSelection): Promise<{ id: string }>;
  /** Return how the request of `run` is shown. */
  spelling(path: string): Promise<ISpelling<[selection: IRunSelection]>>;
  /** Return the versions of an executable, newest first. */
  versions(executable: string): Promise<readonly IVersion[]>;
  /** Return the runs of the document with a result of the node, newest first. */
  results(path: string, node: string): Promise<readonly IResultRun[]>;
  /** Return rules for an output that its earlier runs keep, with the reason of each. */
  propose(path: string, node: string, output: string): Promise<readonly IProposedRule[]>;
  /** Create a version of a saved file, or of the current state of an executable. */
  freeze(of: { path: string } | { executable: string }): Promise<IVersion>;
  /** Return free GPUs, and the limits and holdings of the user. */
  quotaUse(): Promise<QuotaUse>;
  /** Return the names of the available runtimes, with a note on them. */
  runtimes(): Promise<Runtimes>;
  /** Return the kernels of the server's machine that belong to no environment. */
  kernels(): Promise<readonly string[]>;
  /** Return the names of the environments. */
  environments(): Promise<readonly string[]>;
  /** Return the images that were built or pulled here. */
  images(): Promise<readonly string[]>;
  /** Return why containers are unavailable; empty if they are available. */
  noContainers(): Promise<string>;
  /** Return the parameter values of the newest run of the document. */
  lastParameters(path: string): Promise<Readonly<Record<string, Json>>>;
  /** Stop the running run of the document, if any. */
  stop(path: string): Promise<void>;
}

export type TaskState = Task['state'];

/** The first cells of a table as short texts. */
export interface ITableHead {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** How many columns there are, if it has only the first ones. */
  count?: number;
  /** For example "150 × 5". */
  size?: string;
}

/** What a node produced, small enough for its card. */
export interface INodePreview {
  /** The address of a picture of at most 320 × 200 pixels. */
  picture?: string;
  /** Load the picture in its own size. */
  enlarge?: () => Promise<Blob>;
  /** The file of the picture, or the output with the table. */
  caption?: string;
  table?: ITableHead;
  metrics?: readonly { name: string; value: string }[];
  /** For example "LogisticRegression · 4 features". */
  model?: string;
  text?: string;
}

export interface INodeRun {
  state: TaskState;
  /** The node is a map with these elements. */
  elements?: IElements;
  /** Why it waits, or why it failed. */
  reason?: string;
  cached?: boolean;
  /** 0 … 1 */
  progress?: number;
  /** For example "cell 4/9". */
  detail?: string;
  seconds?: number;
  /** While it works: when it would have started without waits between attempts, in milliseconds. */
  since?: number;
  /** Links to monitor it, while they respond. */
  monitors?: readonly { name: string; href: string }[];
  /** The run, and the outputs that may be models. */
  models?: { run: string; outputs: readonly string[] };
  /** What it produced; requested by asking for the node, so it comes with a later change. */
  preview?: INodePreview;
  /** The last line that a running node printed. */
  lastLine?: string;
  /** The newest values that a running node recorded. */
  metrics?: readonly { name: string; value: string }[];
  /** It belongs to a check run, which runs on a sample. */
  checked?: boolean;
  /** The earlier run that it belongs to, if the newest run has no task of the node. */
  from?: { id: string; name: string };
  /** The node inside a sub-workflow that has this state. */
  inner?: string;
  /** The outputs that break their contract, and the inputs whose data do. */
  broken?: IBroken;
}

/** The states of one document's newest run; nodes outside it have those of earlier runs. */
export interface IRunStates extends IDisposable {
  readonly run?: { id: string; name?: string; state: string };
  /** Undefined while the server responds. */
  readonly lost?: ILost;
  get(node: string): INodeRun | undefined;
  /** Return the state without texts, because there may be thousands of nodes. */
  stateOf(node: string): TaskState | undefined;
  /** Return where to edit the code of a failed node, for `nbyard:edit-executable-source`. */
  failingSourceArgs(node: string): ReadonlyPartialJSONObject | undefined;
  /** False while the canvas is hidden: then no preview is requested. */
  isShown?: boolean;
  /** Return the preview of a node that is no task, such as a dataset. */
  previewFor?(node: string): INodePreview | undefined;
  /** Return the head of the table in an output, for the hover of a connection. */
  previewOf?(node: string, output: string): Promise<ITableHead | undefined>;
  /** Emits the changed nodes, or undefined if all may have changed. */
  readonly changed: ISignal<IRunStates, ReadonlySet<string> | undefined>;
}

export interface IRunStatesSource {
  /**
   * Follow the runs of the document at this path, which may change; dispose it with the tab.
   * `hasNode` returns whether a node is still in the document.
   */
  follow(path: () => string, hasNode: (node: string) => boolean): IRunStates;
}

/** A dataset or an executable in the palette, and the data of its drag. */
export interface IPaletteRow {
  type: 'dataset' | 'executable';
  id: string;
  name: string;
  kind?: string;
  /** Path from the server's root for a file; otherwise the id identifies it. */
  path?: string;
  /** A file of an artifact, whose name is `id`. */
  artifact?: boolean;
  /** An unregistered file at `path`. */
  isFile?: boolean;
  /** One short line: "csv · 1.2 MB", "2 in, 1 out". */
  detail?: string;
  /** What to know about its code before it is used. */
  mark?: string;
  /** The folder of its file; empty for the server's root, absolute outside of it. */
  folder?: string;
  /** Only runs have registered it. */
  byRun?: boolean;
  /** Its inputs and outputs, if they are known. */
  ports?: IPorts;
}

export interface IPaletteSource {
  readonly rows: readonly IPaletteRow[];
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: string;
  /** The server has more than these. */
  readonly more?: boolean;
  readonly changed: ISignal<IPaletteSource, void>;
  /** Load or reload; called when a palette is first shown. */
  refresh(): Promise<void>;
  /** Return rows of any age with a word of the text in their names. */
  search(text: string): Promise<readonly IPaletteRow[]>;
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
  'The selected node of a workflow, on its canvas and in its runs.'
);

/** All services of the canvas; any may be absent. */
export interface ICanvasServices {
  backend?: IWorkflowBackend;
  runs?: IRunStatesSource;
  palette?: IPaletteSource;
  steps?: IChosenSteps;
  /** Renders comments. */
  rendermime?: IRenderMimeRegistry;
  /** Return the path of the notebook that was used last, while it is open. */
  openNotebook?(): string | undefined;
}
