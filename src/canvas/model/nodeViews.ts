import { ISignal, Signal } from '@lumino/signaling';
import { idsWithSameName } from '../../components/format/names';
import type { IOpenedFile } from '../../components/OpenedFiles';
import { IArgument, OutputClass } from '../../document/arguments';
import { nameForFile } from '../../document/called';
import { isObject, JsonObject } from '../../document/canonical';
import { DATASET_OUTPUT, edgeId, IEdge } from '../../document/flow';
import { FlowDoc, IFlowChange } from '../../document/flowDoc';
import { Checker } from './checker';
import { chipsOf } from './diagram/chips';
import { IMapView, mapOf } from './diagram/maps';
import { IForecast, INodePreview, INodeRun, IRunStates, Off } from './tokens';

export interface IPortView {
  name: string;
  format: string;
  /** The declared class of an output. */
  outputClass?: OutputClass | '';
  /** `gone`: a connection uses it, but the executable no longer has it. `missing`: blocks a run. */
  state: 'connected' | 'free' | 'missing' | 'gone';
  help: string;
}

/** The content of a card: document, server's reading and run combined. */
export interface INodeView {
  id: string;
  title: string;
  /** Other nodes have the same title, so the id is shown. */
  alike: boolean;
  type: string;
  kind: string;
  subtitle: string;
  inputs: IPortView[];
  outputs: IPortView[];
  /** Files that its code opens and that could be ports. */
  suggested: readonly IOpenedFile[];
  problems: string[];
  hints: string[];
  /** Why the node would run, although its newest run has a result. */
  stale: string | undefined;
  pinned: boolean;
  /** The number of the run whose result is used. */
  pinnedTo: number | undefined;
  /** Why it does not run. */
  off: Off | undefined;
  /** The condition that skips it unless it holds; empty for none. */
  when: string;
  checked: boolean;
  /** The server is still reading it. */
  pending: boolean;
  map?: IMapView;
  /** Where it runs and with what, if that is not the default. */
  chips: string[];
  /** The number of GPUs that its executable requests, and that the node does not change. */
  gpus: number;
  run?: INodeRun;
  /** What it produced, or what the dataset contains. */
  preview?: INodePreview;
}

/** While the view moves, states of runs are shown at most so often, in milliseconds. */
const HELD = 1000;
/** Then so many cards are drawn in one frame, so that no frame is long. */
const IN_A_FRAME = 2;

/** Views by node id; each stays the same object until its content changes. */
export class NodeViews {
  constructor(
    private readonly doc: FlowDoc,
    private readonly checker: Checker,
    private readonly runs: IRunStates | undefined
  ) {
    doc.changed.connect(this._onDocument, this);
    checker.changed.connect(this._renewAll, this);
    runs?.changed.connect(this._onRun, this);
    this._index();
    this._compare();
  }

  /** Emits the ids whose views may have changed. */
  get changed(): ISignal<this, ReadonlySet<string>> {
    return this._changed;
  }

  get(id: string): INodeView | undefined {
    let view = this._views.get(id);
    if (!view && (view = this._make(id))) {
      this._views.set(id, view);
    }
    return view;
  }

  /** What would run now; undefined if unknown. */
  get forecast(): IForecast | undefined {
    return this._forecast;
  }

  set forecast(forecast: IForecast | undefined) {
    const before = this._stale;
    this._forecast = forecast;
    const reasons = this._stale;
    const both = [...before.keys(), ...reasons.keys()];
    this._renew(both.filter(id => before.get(id) !== reasons.get(id)));
  }

  /** Return why a node would run; undefined if it would not, or has no result that is shown. */
  staleOf(id: string): string | undefined {
    const [own, shown] = [this._forecast?.elements?.get(id), this.runs?.get(id)?.elements];
    // If only elements that failed would run again, nothing changed.
    const isSame = own && shown?.total === own.total && shown.counts.succeeded === own.cached;
    return this.runs?.stateOf(id) === 'succeeded' && !isSame ? this._stale.get(id) : undefined;
  }

  /** Whether states of runs wait, because drawing them would make a movement of the view stutter. */
  get isHeld(): boolean {
    return this._isHeld;
  }

  set isHeld(held: boolean) {
    this._isHeld = held;
    if (!held) {
      this._showWaiting();
    }
  }

  /** Subscribe to one card only, because there may be thousands. */
  subscribe(id: string, listener: () => void): () => void {
    const own = this._listeners.get(id) ?? new Set();
    this._listeners.set(id, own.add(listener));
    return () => void own.delete(listener);
  }

  /** Return the names of inputs and outputs that connections use. */
  usedPorts(id: string): [string[], string[]] {
    const into = this.arrowsInto(id).map(edge => edge.input);
    return [into, [...new Set(this.arrowsFrom(id).map(edge => edge.output))]];
  }

  arrowsInto(id: string): readonly IEdge[] {
    return this._into.get(id) ?? [];
  }

  arrowsFrom(id: string): readonly IEdge[] {
    return this._from.get(id) ?? [];
  }

  dispose(): void {
    this.doc.changed.disconnect(this._onDocument, this);
    this.checker.changed.disconnect(this._renewAll, this);
    this.runs?.changed.disconnect(this._onRun, this);
    window.clearTimeout(this._timer);
    this._listeners.clear();
    Signal.clearData(this);
  }

  private _onDocument(_: FlowDoc, change: IFlowChange): void {
    const flow = change.flow;
    if (!flow?.nodes && !flow?.edges) {
      return;
    }
    const touched = new Set(flow.nodes ?? []);
    const before = [this._into, this._from];
    this._index();
    if (flow.nodes) {
      this._compare().forEach(id => touched.add(id));
    }
    const hasOtherKeys = [...(flow.edges ?? [])].some(key => !key.includes('->')); // by hand
    const isChanged = (edge: IEdge) => hasOtherKeys || flow.edges?.has(edgeId(edge));
    for (const index of [...before, this._into, this._from]) {
      for (const [id, edges] of index) {
        if (edges.some(edge => isChanged(edge) || flow.nodes?.has(other(edge, id)))) {
          touched.add(id);
        }
      }
    }
    this._renew(touched);
  }

  private _onRun(_: IRunStates, ids: ReadonlySet<string> | undefined): void {
    if (this._isHeld) {
      for (const id of ids ?? this.doc.nodes.keys()) {
        this._waiting.add(id);
      }
      this._timer ??= window.setTimeout(() => this._showWaiting(), HELD);
    } else {
      this._renew(ids ?? this.doc.nodes.keys());
    }
  }

  private _showWaiting(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
    const ids = [...this._waiting];
    const drawn = this._isHeld ? ids.filter(id => this._listeners.get(id)?.size) : [];
    this._waiting = new Set(drawn.slice(IN_A_FRAME));
    if (this._waiting.size) {
      requestAnimationFrame(() => this._showWaiting());
    }
    this._renew(ids.filter(id => !this._waiting.has(id)));
  }

  private _renewAll(): void {
    this._compare();
    this._renew(this.doc.nodes.keys());
  }

  /** Find duplicate titles; return the nodes for which that changed. */
  private _compare(): string[] {
    const before = this._alike;
    const titles = [...this.doc.nodes].map(([id, node]): [string, string] => {
      const fields = { label: node.get('label'), path: node.get('path') } as JsonObject;
      return [id, ownTitle(fields) || titleOf(id, fields, this.checker.reading(id)?.name)];
    });
    this._alike = idsWithSameName(titles);
    const both = new Set([...before, ...this._alike]);
    return [...both].filter(id => before.has(id) !== this._alike.has(id));
  }

  /** Rebuild views with listeners. Others are built on demand: there may be thousands. */
  private _renew(ids: Iterable<string>): void {
    const changed = new Set<string>();
    const heard: string[] = [];
    for (const id of ids) {
      const old = this._views.get(id);
      this._views.delete(id);
      if (this._listeners.get(id)?.size) {
        if (old && JSON.stringify(old) === JSON.stringify(this.get(id))) {
          this._views.set(id, old);
          continue;
        }
        heard.push(id);
      }
      changed.add(id);
    }
    if (changed.size) {
      this._changed.emit(changed);
      for (const id of heard) {
        this._listeners.get(id)?.forEach(listener => listener());
      }
    }
  }

  private _make(id: string): INodeView | undefined {
    const fields = this.doc.node(id);
    if (!fields) {
      return undefined;
    }
    const reading = this.checker.reading(id);
    const type = String(fields.type ?? 'executable');
    const problems = this.checker.problemsOf(id).map(problem => problem.message);
    if (reading?.problem && !problems.includes(reading.problem)) {
      problems.unshift(reading.problem);
    }
    const [inputs, outputs] = this.portsOf(id);
    const run = type === 'dataset' ? undefined : this.runs?.get(id);
    return {
      id,
      title: titleOf(id, fields, reading?.name),
      alike: this._alike.has(id),
      type,
      kind: reading?.kind ?? type,
      subtitle: String(fields.path ?? reading?.name ?? ''),
      inputs,
      outputs,
      suggested: this.checker.suggested(id),
      problems,
      hints: [...(reading?.hints ?? [])],
      stale: this.staleOf(id),
      pinned: typeof fields.version === 'string',
      pinnedTo: pinOf(fields)?.number,
      when: typeof fields.when === 'string' ? fields.when : '',
      off: modeOf(fields) ?? (reading?.is_idle ? 'idle' : undefined),
      checked: !!reading,
      pending: !reading && !this.checker.settled && this.checker.unreachable === undefined,
      map: mapOf(fields, reading?.arguments, run?.elements?.total),
      chips: chipsOf(fields),
      gpus: fields.gpu === undefined ? (reading?.gpu ?? 0) : 0,
      run,
      preview: type === 'dataset' ? this.runs?.previewFor?.(id) : previewOf(run)
    };
  }

  /** Return the inputs and outputs of a node; a whole view would request its preview. */
  portsOf(id: string): [IPortView[], IPortView[]] {
    const fields = this.doc.node(id) ?? {};
    const type = String(fields.type ?? 'executable');
    const reading = this.checker.reading(id);
    // of code that cannot be read, connections show the ports
    const known = reading?.problem ? undefined : reading?.arguments;
    const into = this.arrowsInto(id).map(edge => edge.input);
    const from = this.arrowsFrom(id).map(edge => edge.output);
    if (type === 'dataset') {
      const format = known?.find(argument => argument.name === DATASET_OUTPUT)?.format ?? '';
      const state = from.length ? 'connected' : 'free';
      const data: IPortView = { name: DATASET_OUTPUT, format, state, help: '' };
      return [gone(into, []), [data, ...gone(from, [DATASET_OUTPUT])]];
    }
    const values = isObject(fields.arguments) ? fields.arguments : {};
    const ports = (role: string, used: readonly string[]) =>
      (known ?? [])
        .filter(port => port.role === role)
        .map(port => portView(port, used.includes(port.name), port.name in values));
    const inputs = ports('input', into);
    const outputs = ports('output', from).filter(
      ({ name, state }) => state === 'connected' || !reading?.passed_on?.includes(name)
    );
    // while there is no response, connections keep their ports
    const unknown = known ? 'gone' : 'connected';
    return [
      [...inputs, ...gone(into, names(inputs), unknown)],
      [...outputs, ...gone(from, names(outputs), unknown)]
    ];
  }

  private _index(): void {
    this._into = new Map();
    this._from = new Map();
    for (const edge of this.doc.allEdges()) {
      push(this._into, edge.target, edge);
      push(this._from, edge.source, edge);
    }
  }

  private get _stale(): ReadonlyMap<string, string> {
    return this._forecast?.reasons ?? new Map();
  }

  private _forecast?: IForecast;
  private _alike: ReadonlySet<string> = new Set();
  private _changed = new Signal<this, ReadonlySet<string>>(this);
  private _isHeld = false;
  private _waiting = new Set<string>();
  private _timer?: number;
  private _listeners = new Map<string, Set<() => void>>();
  private _views = new Map<string, INodeView>();
  private _into = new Map<string, IEdge[]>();
  private _from = new Map<string, IEdge[]>();
}

export function titleOf(id: string, fields: JsonObject, name?: string): string {
  return ownTitle(fields) || name || id;
}

function ownTitle({ label, path }: JsonObject): string {
  return String(label || (typeof path === 'string' && nameForFile(path)) || '');
}

/** Return the run whose result a node uses. */
export function pinOf({ pin }: JsonObject): { run: string; number: number } | undefined {
  return isObject(pin) ? { run: String(pin.run), number: Number(pin.number ?? 0) } : undefined;
}

/** Return whether a node is muted or bypassed. */
export function modeOf({ mode }: JsonObject): 'muted' | 'bypassed' | undefined {
  return mode === 'muted' || mode === 'bypassed' ? mode : undefined;
}

/** Return the nodes that can have a mode: a dataset cannot be bypassed, as it has no inputs. */
export function nodesForMode(
  { nodes }: Pick<FlowDoc, 'nodes'>,
  ids: readonly string[],
  mode: 'muted' | 'bypassed'
): string[] {
  return ids.filter(id => mode === 'muted' || nodes.get(id)?.get('type') === 'executable');
}

/** While a node runs, its newest metrics are what it produced so far. */
function previewOf(run: INodeRun | undefined): INodePreview | undefined {
  return run?.preview ?? (run?.metrics && { metrics: run.metrics });
}

function portView(port: IArgument, connected: boolean, given: boolean): IPortView {
  const free = given || !port.required || port.default !== undefined;
  const state = connected ? 'connected' : free ? 'free' : 'missing';
  const { name, format = '', output_class: outputClass, help = '' } = port;
  return { name, format, outputClass, state, help };
}

function gone(
  used: readonly string[],
  known: readonly string[],
  state: IPortView['state'] = 'gone'
): IPortView[] {
  const rest = [...new Set(used)].filter(name => !known.includes(name));
  return rest.map(name => ({ name, format: '', state, help: '' }));
}

function names(ports: readonly IPortView[]): string[] {
  return ports.map(port => port.name);
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key) ?? [];
  map.set(key, list);
  list.push(value);
}

function other(edge: IEdge, id: string): string {
  return edge.source === id ? edge.target : edge.source;
}
