import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { EventStream } from '../api/eventStream';
import { Activity, isLive, RunDetail, StoreEvent, Task } from '../api/types';
import { IYard } from '../api/yard';
import { applyEvents, changedNodes } from './reducer';

/** After an event, before the whole truth is asked for. */
const GATHER = 150;
/** What a step waits for comes with no event: it is asked for while one waits. */
const LOOK_AGAIN = 3000;
const WAITS: ReadonlySet<string> = new Set(['queued', 'preparing']);

/** One run, kept true while it is shown: events move states at once, then it is read anew. */
export class RunModel implements IDisposable {
  constructor(
    private readonly yard: IYard,
    readonly id: string
  ) {
    const { stream } = yard;
    stream.events.connect(this._onEvents, this);
    stream.activity.connect(this._onActivity, this);
    stream.refetch.connect(this._onRefetch, this);
    this.ready = stream.start().then(() => this.reload());
  }

  readonly ready: Promise<void>;

  get detail(): RunDetail | undefined {
    return this._detail;
  }

  /** Why the run cannot be shown. */
  get problem(): string | undefined {
    return this._problem;
  }

  get activity(): ReadonlyMap<string, Activity> {
    return this._activity;
  }

  /** With the nodes that changed, or nothing when all may have. */
  get changed(): ISignal<this, ReadonlySet<string> | undefined> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  task(node: string): Task | undefined {
    return this._detail?.tasks.find(task => task.node === node);
  }

  async reload(): Promise<void> {
    const round = ++this._round;
    try {
      const detail = await this.yard.client.call('runs.get', { path: { run: this.id } });
      if (round === this._round && !this._disposed) {
        this._problem = undefined;
        this._take(detail);
      }
    } catch (error) {
      if (round === this._round && !this._disposed) {
        this._problem = (error as Error).message;
        this._changed.emit(undefined);
      }
    }
    this._lookAgain();
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    window.clearTimeout(this._timer);
    window.clearTimeout(this._again);
    this._watch?.dispose();
    const { stream } = this.yard;
    stream.events.disconnect(this._onEvents, this);
    stream.activity.disconnect(this._onActivity, this);
    stream.refetch.disconnect(this._onRefetch, this);
    Signal.clearData(this);
  }

  private _take(detail: RunDetail): void {
    const nodes = changedNodes(this._detail, detail);
    const first = !this._detail || this._detail.run.state !== detail.run.state;
    this._detail = detail;
    if (isLive(detail.run)) {
      this._watch ??= this.yard.stream.watch(this.id);
    } else {
      this._watch?.dispose();
      this._watch = undefined;
    }
    this._changed.emit(first ? undefined : nodes);
  }

  private _lookAgain(): void {
    window.clearTimeout(this._again);
    if (!this._disposed && this._detail?.tasks.some(({ state }) => WAITS.has(state))) {
      // a hidden window asks nothing
      const look = () => (document.hidden ? this._lookAgain() : void this.reload());
      this._again = window.setTimeout(look, LOOK_AGAIN);
    }
  }

  private _onEvents(_: EventStream, events: readonly StoreEvent[]): void {
    const own = events.filter(event => event.run_id === this.id || event.subject_id === this.id);
    if (!own.length) {
      return;
    }
    if (this._detail) {
      this._take(applyEvents(this._detail, own));
    }
    this._round++; // an answer on its way is older than these events
    this._timer ??= window.setTimeout(() => {
      this._timer = undefined;
      void this.reload();
    }, GATHER);
  }

  private _onActivity(_: EventStream, news: readonly Activity[]): void {
    const own = news.filter(({ run }) => run === this.id);
    if (own.length) {
      this._activity = new Map(this._activity);
      own.forEach(one => this._activity.set(one.node, one));
      this._changed.emit(new Set(own.map(({ node }) => node)));
    }
  }

  private _onRefetch(): void {
    void this.reload();
  }

  private _activity = new Map<string, Activity>();
  private _changed = new Signal<this, ReadonlySet<string> | undefined>(this);
  private _detail?: RunDetail;
  private _disposed = false;
  private _problem?: string;
  private _round = 0;
  private _again?: number;
  private _timer?: number;
  private _watch?: IDisposable;
}
