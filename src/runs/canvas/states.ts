/** The states of the nodes of one document in its runs, for the canvas. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { EventStream } from '../../api/eventStream';
import { Activity, StoreEvent, Task } from '../../api/types';
import { IYard } from '../../api/yard';
import type { IBroken } from '../../canvas/model/diagram/ends';
import { INodePreview, INodeRun, IRunStates, ITableHead } from '../../canvas/model/tokens';
import { failingSourceArgs } from '../model/failingLine';
import { respondingMonitors } from '../model/monitors';
import { runName } from '../model/names';
import { progressOf, workSeconds } from '../model/reducer';
import { Reason, reasonText } from '../../reasons';
import { ownChecks } from './ownChecks';
import { ILayer, Layers } from './layers';
import { shownMetrics } from './previews';
import { together } from './together';

/** Among so many check runs, the newest one of this window is looked for. */
const CHECKS = 10;
const NONE: ReadonlySet<string> = new Set();
/** The codes of broken contracts, by what they are about. */
const BROKEN = { outputs: 'contract-broken', inputs: 'data-contract-broken' };

/** Return the outputs and inputs that a failure names because they break their contracts. */
function brokenIn(reason: Reason | null | undefined): IBroken | undefined {
  const joined = reason?.code === 'all' ? (reason.params?.reasons as Reason[]) : [reason];
  const named = (code: string) =>
    joined.flatMap(part => (part?.code === code ? [String(part.params?.name)] : []));
  const broken = { outputs: named(BROKEN.outputs), inputs: named(BROKEN.inputs) };
  return broken.outputs.length || broken.inputs.length ? broken : undefined;
}

export class RunStates implements IRunStates {
  constructor(
    private readonly yard: IYard,
    private readonly path: () => string,
    private readonly trans: TranslationBundle,
    hasNode: (node: string) => boolean
  ) {
    const { stream } = yard;
    stream.events.connect(this._onEvents, this);
    stream.refetch.connect(this._find, this);
    stream.connectedChanged.connect(this._onConnected, this);
    ownChecks.added.connect(this._find, this);
    const changed = (nodes: ReadonlySet<string> | undefined) => this._changed.emit(nodes);
    this._layers = new Layers(yard, path, trans, changed, hasNode);
    void stream.start().then(() => this._find());
  }

  get run(): { id: string; name?: string; state: string } | undefined {
    const run = this._layers.newest?.run;
    return run && { id: run.id, name: runName(run, this.trans), state: run.state };
  }

  get lost(): IRunStates['lost'] {
    return this.yard.stream.lost;
  }

  get changed(): ISignal<this, ReadonlySet<string> | undefined> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get(node: string): INodeRun | undefined {
    const layer = this._layers.of(node) ?? this._layers.want(node);
    if (!layer) {
      return undefined;
    }
    const { model } = layer;
    const task = model.task(node);
    if (!task) {
      const inner = model.within(node).map(({ node }) => [node, this.get(node)!] as const);
      return together(new Map(inner), node, this.trans);
    }
    const activity = model.activity.get(node);
    const { state, cached } = task;
    const elements = model.elements(node);
    const made: INodeRun = { state, cached, progress: progressOf(task, activity, elements) };
    if (elements) {
      made.elements = elements.states;
    }
    const reason = reasonText(task.failure?.reason ?? task.waits ?? task.reason, this.trans);
    if (reason) {
      made.reason = reason;
    }
    const broken = brokenIn(task.failure?.reason);
    if (broken) {
      made.broken = broken;
    }
    if (state === 'running' && activity?.total) {
      const cell = Math.min(activity.total, activity.done + 1);
      made.detail = this.trans.__('cell %1/%2', cell, activity.total);
    } else if (state === 'queued' && task.place) {
      made.detail = this.trans.__('position %1', task.place);
    }
    const monitors = respondingMonitors(this.yard, task, activity);
    if (monitors.length) {
      made.monitors = monitors;
    }
    if (task.finished_at) {
      made.seconds = workSeconds(task, 0);
    } else if (state === 'running') {
      const now = Date.now();
      const worked = workSeconds(task, now);
      made.since = worked === undefined ? undefined : Math.round(now - 1000 * worked);
    }
    if (model !== this._layers.newest && model.run) {
      made.from = { id: model.id, name: runName(model.run, this.trans) };
    }
    const isCheck = model.run?.origin?.kind === 'check';
    if (isCheck) {
      made.checked = true;
    }
    const models = (task.artifacts ?? []).filter(({ output_class }) => output_class === 'model');
    if (models.length && !isCheck && !elements) {
      made.models = { run: model.id, outputs: models.map(({ name }) => name) };
    }
    return { ...made, ...this._live(layer, task, activity) };
  }

  /** What a running node prints, or what a node produced. */
  private _live(
    { model, previews }: ILayer,
    task: Task,
    activity: Activity | undefined
  ): Partial<INodeRun> {
    const made: Partial<INodeRun> = {};
    if (task.state === 'running' && activity?.last_line) {
      made.lastLine = activity.last_line;
    }
    if (task.state === 'running' && activity?.metrics?.length) {
      made.metrics = shownMetrics(activity.metrics);
    }
    // the table of all results of a map says less than its bar
    const isShown = task.state === 'succeeded' && !model.elements(task.node);
    const preview = isShown && previews.get(task.node);
    if (preview) {
      made.preview = preview;
    }
    return made;
  }

  failingSourceArgs(node: string): ReadonlyPartialJSONObject | undefined {
    const task = this._layers.of(node)?.model.task(node);
    return task?.state === 'failed' ? failingSourceArgs(task) : undefined;
  }

  stateOf(node: string): INodeRun['state'] | undefined {
    const model = this._layers.of(node)?.model;
    return model?.task(node)?.state ?? (model && this.get(node)?.state);
  }

  get isShown(): boolean {
    return this._layers.isShown;
  }

  set isShown(shown: boolean) {
    this._layers.isShown = shown;
  }

  previewFor(node: string): INodePreview | undefined {
    return this._layers.of(node) ? undefined : this._layers.dataPreview(node);
  }

  async previewOf(node: string, output: string): Promise<ITableHead | undefined> {
    const dot = output.lastIndexOf('.');
    if (dot > 0) {
      return this.previewOf(`${node}.${output.slice(0, dot)}`, output.slice(dot + 1));
    }
    const layer = this._layers.of(node);
    if (!layer) {
      return this._layers.dataTable(node, output);
    }
    const isThere = layer.model.task(node)?.state === 'succeeded';
    return isThere ? layer.previews.table(node, output) : undefined;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    const { stream } = this.yard;
    stream.events.disconnect(this._onEvents, this);
    stream.refetch.disconnect(this._find, this);
    stream.connectedChanged.disconnect(this._onConnected, this);
    ownChecks.added.disconnect(this._find, this);
    this._layers.dispose();
    Signal.clearData(this);
  }

  private _onConnected(): void {
    this._changed.emit(NONE);
  }

  private _onEvents(_: EventStream, events: readonly StoreEvent[]): void {
    const runs = events.filter(({ topic }) => topic === 'run');
    const isGone = ({ subject_id, data }: StoreEvent) =>
      data.change === 'deleted' && this._layers.has(subject_id);
    if (runs.some(isGone)) {
      this._layers.clear();
      this._changed.emit(undefined);
      void this._find();
    } else if (
      runs.some(
        ({ subject_id, data }) => subject_id !== this._layers.newest?.id && data.state === 'queued'
      )
    ) {
      void this._find();
    }
  }

  private async _find(): Promise<void> {
    try {
      const id = await this._newest();
      if (!this._disposed && id !== this._layers.newest?.id) {
        this._layers.put(id);
        this._changed.emit(undefined);
      }
    } catch {
      // unreachable: the event stream triggers a reload when it reconnects
    }
  }

  /** Return the newest run, or our check run after it: ids are in the order of creation. */
  private async _newest(): Promise<string | undefined> {
    const workflow = this.path();
    const lists = [{ limit: 1 }, { limit: CHECKS, origin: 'check' }].map(filters =>
      this.yard.client.call('runs.list', { query: { workflow, ...filters } })
    );
    const [runs, checks] = await Promise.all(lists);
    const own = checks.items.filter(({ id }) => ownChecks.has(id));
    return [...runs.items, ...own]
      .map(({ id }) => id)
      .sort()
      .at(-1);
  }

  private _changed = new Signal<this, ReadonlySet<string> | undefined>(this);
  private _disposed = false;
  private _layers: Layers;
}
