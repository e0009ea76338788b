import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { EventStream } from '../../api/eventStream';
import { Activity, isLive, Run, RunDetail, StoreEvent, Task } from '../../api/types';
import { IYard, isMove } from '../../api/yard';
import { MapElements } from './maps/elements';
import { movedRun } from './reducer';
import { TaskTable } from './tasks';

/** The delay after an event before the changes are requested, in milliseconds. */
const GATHER = 150;
/** There are no events for the reason of a wait, so it is polled. */
const LOOK_AGAIN = 3000;
const WAITS = ['queued', 'preparing'];
/** At most this many waiting tasks are polled. */
const FIRST_ONES = 100;

const shown = new WeakMap<IYard, Map<string, RunModel>>();

/**
 * One run, updated while it is shown. Events change states at once, and then the changes are
 * requested. The whole run is first read in pages.
 */
export class RunModel implements IDisposable {
  /** Return the shared model of a run; each user disposes it once. */
  static of(yard: IYard, id: string): RunModel {
    const models = shown.get(yard) ?? new Map<string, RunModel>();
    shown.set(yard, models);
    const model = models.get(id) ?? new RunModel(yard, id, () => models.delete(id));
    models.set(id, model);
    model._users++;
    return model;
  }

  private constructor(
    private readonly yard: IYard,
    readonly id: string,
    private readonly forget: () => void
  ) {
    const { stream } = yard;
    stream.events.connect(this._onEvents, this);
    stream.activity.connect(this._onActivity, this);
    stream.refetch.connect(this._onRefetch, this);
    this.ready = stream.start().then(() => this.reload());
  }

  readonly ready: Promise<void>;

  /** A new object after each change. Elements of maps are not among its tasks. */
  get detail(): RunDetail | undefined {
    return this._run && (this._detail ??= { run: this._run, tasks: [...this._tasks.list] });
  }

  get run(): Run | undefined {
    return this._run;
  }

  /** Why the run cannot be shown. */
  get problem(): string | undefined {
    return this._problem;
  }

  get activity(): ReadonlyMap<string, Activity> {
    return this._activity;
  }

  /** Emits the changed nodes, or undefined if all may have changed. */
  get changed(): ISignal<this, ReadonlySet<string> | undefined> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._users === 0;
  }

  task(node: string): Task | undefined {
    return this._tasks.get(node);
  }

  /** Return the elements of a map. */
  elements(map: string): MapElements | undefined {
    return this._tasks.elements(map);
  }

  /** Return the tasks inside a sub-workflow. */
  within(node: string): readonly Task[] {
    return this._tasks.within(node);
  }

  /** Read everything again. */
  async reload(): Promise<void> {
    const round = ++this._round;
    this._last = undefined;
    await this._read({}, round);
  }

  dispose(): void {
    if (this.isDisposed || --this._users) {
      return;
    }
    this.forget();
    window.clearTimeout(this._timer);
    window.clearTimeout(this._again);
    this._watch?.dispose();
    const { stream } = this.yard;
    stream.events.disconnect(this._onEvents, this);
    stream.activity.disconnect(this._onActivity, this);
    stream.refetch.disconnect(this._onRefetch, this);
    Signal.clearData(this);
  }

  /** Read all pages; the first one says which event they are up to date with. */
  private async _read(
    asked: { since?: number; state?: string; limit?: number },
    round: number
  ): Promise<void> {
    const all = !asked.state;
    const path = { run: this.id };
    let after: string | null | undefined = '';
    this._reading++;
    try {
      for (let first = true; first || (all && after); first = false) {
        const query: object = { ...asked, after };
        const page = await this.yard.client.call('runs.tasks', { path, query });
        if (round !== this._round || this.isDisposed) {
          return;
        }
        this._problem = undefined;
        if (first && all) {
          this._last = page.last;
        }
        this._take(page.run, page.last, this._tasks.put(page.items, page.last));
        after = page.next;
      }
    } catch (error) {
      if (round === this._round && !this.isDisposed) {
        this._problem = (error as Error).message;
        this._changed.emit(undefined);
      }
    } finally {
      this._reading--;
      if (!this.isDisposed) {
        this._lookAgain();
      }
    }
  }

  private _take(run: Run, last: number, nodes: Set<string>): void {
    const old = this._run;
    if (!old || this._runMoved <= last) {
      this._run = run;
    }
    this._detail = undefined;
    if (isLive(this._run!)) {
      this._watch ??= this.yard.stream.watch(this.id);
    } else {
      this._watch?.dispose();
      this._watch = undefined;
    }
    if (old?.state !== this._run!.state) {
      this._changed.emit(undefined);
    } else if (nodes.size || JSON.stringify(old) !== JSON.stringify(this._run)) {
      this._changed.emit(nodes);
    }
  }

  private _lookAgain(): void {
    this._again ??= window.setTimeout(() => {
      this._again = undefined;
      const waits = this._tasks.list.some(({ state }) => WAITS.includes(state));
      if (!waits || !this._run || !isLive(this._run)) {
        return;
      }
      if (document.hidden || this._reading) {
        this._lookAgain(); // a hidden window requests nothing
      } else {
        void this._read({ state: WAITS.join(), limit: FIRST_ONES }, this._round);
      }
    }, LOOK_AGAIN);
  }

  private _onEvents(_: EventStream, events: readonly StoreEvent[]): void {
    const own = events.filter(event => event.run_id === this.id || event.subject_id === this.id);
    if (this._run?.workflow_id && events.some(isMove)) {
      void this.reload();
    }
    if (!own.length) {
      return;
    }
    if (this._run) {
      const run = movedRun(this._run, own);
      this._runMoved = run === this._run ? this._runMoved : own[own.length - 1].id;
      this._take(run, Infinity, this._tasks.move(own));
    }
    this._news();
  }

  /** Request changes once for several events, and one request at a time. */
  private _news(): void {
    this._timer ??= window.setTimeout(() => {
      this._timer = undefined;
      if (this._reading) {
        this._news();
      } else if (this._last === undefined) {
        void this.reload();
      } else {
        void this._read({ since: this._last }, this._round);
      }
    }, GATHER);
  }

  private _onActivity(_: EventStream, news: readonly Activity[]): void {
    const own = news.filter(({ run }) => run === this.id);
    if (own.length) {
      this._activity = new Map(this._activity);
      own.forEach(activity => this._activity.set(activity.node, activity));
      this._changed.emit(new Set(own.map(({ node }) => node)));
    }
  }

  private _onRefetch(): void {
    void this.reload();
  }

  private _activity: Map<string, Activity> = new Map();
  private _again?: number;
  private _changed = new Signal<this, ReadonlySet<string> | undefined>(this);
  private _detail?: RunDetail;
  private _last?: number;
  private _problem?: string;
  private _reading = 0;
  private _round = 0;
  private _run?: Run;
  private _runMoved = 0;
  private _tasks = new TaskTable();
  private _timer?: number;
  private _users = 0;
  private _watch?: IDisposable;
}
