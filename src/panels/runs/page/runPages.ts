import { Signal } from '@lumino/signaling';
import { useEffect, useMemo, useReducer, useRef } from 'react';
import { Run, StoreEvent } from '../../../api/types';
import { isMove, IYard } from '../../../api/yard';
import { PAUSE } from '../../../components/hooks/useFound';
import { queryOf, refusal, REFRESH } from '../search/runSearch';

/** So many runs are read at once, and so many of those that the server allows. */
export const PAGE = 100;
const MOST = 500;
/** Events within this time, in milliseconds, lead to one round of requests. */
const GATHER = 200;

/**
 * The runs that match a search, page by page; events renew what they touch. The server sorts them
 * by `order`, and without it newest first.
 */
export class RunPages {
  constructor(
    private readonly yard: Pick<IYard, 'client' | 'stream'>,
    readonly text: string,
    private readonly order?: string
  ) {}

  items: readonly Run[] = [];
  /** Whether there are no further runs. */
  isWhole = false;
  isReady = false;
  /** Why the last request was refused. */
  problem?: string;
  readonly changed = new Signal<this, void>(this);

  start(): void {
    const { stream } = this.yard;
    stream.events.connect(this._onEvents, this);
    stream.refetch.connect(this.reload, this);
    void stream.start();
    void this.more();
  }

  dispose(): void {
    this._control.abort();
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Read the next runs. */
  async more(): Promise<void> {
    if (!this._isReading && !this.isWhole) {
      this._isReading = true;
      const { length } = this.items;
      await this._read(this.order ? this._next : this.items[length - 1]?.id, PAGE, length);
      this._isReading = false;
    }
  }

  /** Read all again that was read. */
  async reload(): Promise<void> {
    const { length } = this.items;
    const limit = Math.min(MOST, Math.max(PAGE, length));
    let after: string | undefined;
    for (let count = 0; !count || (after && (count < length || this.isWhole)); count += limit) {
      after = await this._read(after, limit, count);
    }
  }

  /** Read the runs after `after`, and put them at their place; return the cursor behind them. */
  private async _read(
    after: string | undefined,
    limit: number,
    place: number
  ): Promise<string | undefined> {
    const { client } = this.yard;
    const { signal } = this._control;
    try {
      const query = { ...queryOf(this.text), details: true, limit, after, order: this.order };
      const { items, next } = await client.call('runs.list', { query, signal });
      this.items = this.order
        ? this._sorted(items, place, !!next)
        : this._newestFirst(items, after, next && items[items.length - 1].id);
      this._next = next ?? undefined;
      this.isWhole ||= !next;
      this.problem = undefined;
      return this._next;
    } catch (error) {
      this.problem = refusal(error as Error);
      return undefined;
    } finally {
      this.isReady = true;
      if (!signal.aborted) {
        this.changed.emit();
      }
    }
  }

  /** Return all runs; `items` replace those of the same time. */
  private _newestFirst(items: readonly Run[], after?: string, oldest?: string | null): Run[] {
    // IDs of runs sort by the time of their creation
    const isOutside = ({ id }: Run) => (after && id >= after) || (oldest && id < oldest);
    return [...this.items.filter(isOutside), ...items].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Return all runs; `items` replace those at the place. */
  private _sorted(items: readonly Run[], place: number, hasMore: boolean): Run[] {
    const ids = new Set(items.map(({ id }) => id));
    const others = (from: number, to?: number) =>
      this.items.slice(from, to).filter(({ id }) => !ids.has(id));
    return [...others(0, place), ...items, ...(hasMore ? others(place + items.length) : [])];
  }

  private _onEvents(_: unknown, events: readonly StoreEvent[]): void {
    const gone = new Set<string>();
    for (const event of events) {
      const { topic, subject_id, run_id, data } = event;
      if (topic === 'run' && data.change === 'deleted') {
        gone.add(subject_id);
      } else if (isMove(event)) {
        void this.reload();
      } else if (topic === 'run' || topic === 'task') {
        this._touched.add(run_id || subject_id);
      }
    }
    if (gone.size) {
      this.items = this.items.filter(({ id }) => !gone.has(id));
      this.changed.emit();
    }
    this._schedule();
  }

  private _schedule(): void {
    if (this._touched.size && !this._control.signal.aborted) {
      const pause = Math.max(GATHER, this._renewed + REFRESH - Date.now());
      this._timer ??= window.setTimeout(() => void this._renew(), pause);
    }
  }

  private async _renew(): Promise<void> {
    const starts = new Map<number, string | undefined>();
    for (const id of this.order ? [] : this._touched) {
      const place = this.items.findIndex(run => run.id <= id);
      if (place >= 0 || this.isWhole) {
        const page = Math.floor(Math.max(0, place) / PAGE) * PAGE;
        starts.set(page, page ? this.items[page - 1].id : undefined);
      }
    }
    this._touched.clear();
    for (const [place, after] of starts) {
      await this._read(after, PAGE, place);
    }
    if (this.order) {
      await this.reload(); // any value may have changed
    }
    this._renewed = Date.now();
    this._timer = undefined;
    this._schedule(); // for events that came meanwhile
  }

  private readonly _control = new AbortController();
  private _isReading = false;
  private _next?: string;
  private _renewed = 0;
  private _timer?: number;
  private readonly _touched = new Set<string>();
}

/** Return the runs that match a search of the chosen project; until they are read, those before. */
export function useRunPages(yard: IYard, text: string, project: string, order?: string): RunPages {
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const asked = text.trim();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the client adds the project
  const pages = useMemo(() => new RunPages(yard, asked, order), [yard, asked, project, order]);
  useEffect(() => {
    pages.changed.connect(draw);
    const timer = window.setTimeout(() => pages.start(), asked ? PAUSE : 0);
    return () => {
      window.clearTimeout(timer);
      pages.dispose();
    };
  }, [pages, asked]);
  const last = useRef(pages);
  if (pages.isReady) {
    last.current = pages;
  }
  return last.current;
}
