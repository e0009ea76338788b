/** The states of the newest run of one document, for the canvas. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { EventStream } from '../../api/eventStream';
import { Activity, StoreEvent, Task } from '../../api/types';
import { IYard } from '../../api/yard';
import { INodePreview, INodeRun, IRunStates, ITableHead } from '../../canvas/model/tokens';
import { failingLine, failingSourceArgs } from '../model/failingLine';
import { RunModel } from '../model/runModel';
import { respondingMonitors } from '../model/monitors';
import { runName } from '../model/names';
import { progressOf, workSeconds } from '../model/reducer';
import { reasonText } from '../../reasons';
import { ownChecks } from './ownChecks';
import { Previews, shownMetrics } from './previews';

/** Among so many check runs, the newest one of this window is looked for. */
const CHECKS = 10;
const NONE: ReadonlySet<string> = new Set();

export class RunStates implements IRunStates {
  constructor(
    private readonly yard: IYard,
    private readonly path: () => string,
    private readonly trans: TranslationBundle
  ) {
    const { stream } = yard;
    stream.events.connect(this._onEvents, this);
    stream.refetch.connect(this._find, this);
    stream.connectedChanged.connect(this._onConnected, this);
    ownChecks.added.connect(this._find, this);
    void stream.start().then(() => this._find());
  }

  get run(): { id: string; name?: string; state: string } | undefined {
    const run = this._model?.run;
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
    const task = this._model?.task(node);
    if (!task) {
      return undefined;
    }
    const activity = this._model!.activity.get(node);
    const { state, cached } = task;
    const made: INodeRun = { state, cached, progress: progressOf(task, activity) };
    const reason = reasonText(task.failure?.reason ?? task.waits ?? task.reason, this.trans);
    if (reason) {
      made.reason = reason;
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
    const isCheck = this._model?.run?.origin?.kind === 'check';
    if (isCheck) {
      made.checked = true;
    }
    const models = (task.artifacts ?? []).filter(({ may_be_model }) => may_be_model);
    if (models.length && !isCheck) {
      made.models = { run: this._model!.id, outputs: models.map(({ name }) => name) };
    }
    return { ...made, ...this._live(task, activity) };
  }

  /** What a running node prints, what a failed one stopped at, what another one produced. */
  private _live(task: Task, activity: Activity | undefined): Partial<INodeRun> {
    const made: Partial<INodeRun> = {};
    if (task.state === 'running' && activity?.last_line) {
      made.lastLine = activity.last_line;
    }
    if (task.state === 'running' && activity?.metrics?.length) {
      made.metrics = shownMetrics(activity.metrics);
    }
    if (task.state === 'failed') {
      made.failingLine = failingLine(task.failure?.traceback ?? '');
    }
    const preview = task.state === 'succeeded' && this._previews?.get(task.node);
    if (preview) {
      made.preview = preview;
    }
    return made;
  }

  failingSourceArgs(node: string): ReadonlyPartialJSONObject | undefined {
    const task = this._model?.task(node);
    return task?.state === 'failed' ? failingSourceArgs(task) : undefined;
  }

  stateOf(node: string): INodeRun['state'] | undefined {
    return this._model?.task(node)?.state;
  }

  get isShown(): boolean {
    return this._shown;
  }

  set isShown(shown: boolean) {
    this._shown = shown;
    if (this._previews) {
      this._previews.isShown = shown;
    }
  }

  previewFor(node: string): INodePreview | undefined {
    // the first page of tasks shows which nodes have no task
    return this._model?.run && !this._model.task(node) ? this._previews?.get(node) : undefined;
  }

  async previewOf(node: string, output: string): Promise<ITableHead | undefined> {
    const state = this.stateOf(node);
    const isThere = !!this._model?.run && (!state || state === 'succeeded');
    return isThere ? this._previews?.table(node, output) : undefined;
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
    this._leave();
    Signal.clearData(this);
  }

  private _leave(): void {
    this._model?.changed.disconnect(this._onRun, this);
    this._model?.dispose();
    this._previews?.dispose();
    this._previews = undefined;
  }

  private _onRun(_: RunModel, nodes: ReadonlySet<string> | undefined): void {
    this._changed.emit(nodes);
  }

  private _onConnected(): void {
    this._changed.emit(NONE);
  }

  private _onEvents(_: EventStream, events: readonly StoreEvent[]): void {
    const known = this._model?.id;
    const isNew = ({ topic, subject_id, data }: StoreEvent) =>
      topic === 'run' && subject_id !== known && data.state === 'queued';
    const isGone = ({ topic, subject_id, data }: StoreEvent) =>
      topic === 'run' && subject_id === known && data.change === 'deleted';
    if (events.some(event => isNew(event) || isGone(event))) {
      void this._find();
    }
  }

  private async _find(): Promise<void> {
    try {
      const id = await this._newest();
      if (this._disposed || id === this._model?.id) {
        return;
      }
      this._leave();
      this._model = id === undefined ? undefined : RunModel.of(this.yard, id);
      this._model?.changed.connect(this._onRun, this);
      if (id !== undefined) {
        const { client } = this.yard;
        this._previews = new Previews(client, id, this.trans, news => this._changed.emit(news));
        this._previews.isShown = this._shown;
      }
      this._changed.emit(undefined);
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
  private _model?: RunModel;
  private _previews?: Previews;
  private _shown = true;
}
