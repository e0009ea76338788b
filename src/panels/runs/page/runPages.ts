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

/** The runs that match a search, newest first, page by page; events renew the pages they touch. */
export class RunPages {
  constructor(
    private readonly yard: Pick<IYard, 'client' | 'stream'>,
    readonly text: string
  ) {}

  items: readonly Run[] = [];
  /** Whether there are no older runs. */
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

  /** Read the next older runs. */
  async more(limit = PAGE): Promise<void> {
    if (!this._isReading && !this.isWhole) {
      this._isReading = true;
      await this._read(this.items[this.items.length - 1]?.id, limit);
      this._isReading = false;
    }
  }

  /** Read all older runs. */
  async all(): Promise<void> {
    while (!this.isWhole && !this.problem && !this._control.signal.aborted) {
      await this.more(MOST);
    }
  }

  /** Read all again that was read. */
  async reload(): Promise<void> {
    const { length } = this.items;
    let after: string | undefined | null;
    for (let count = 0; !count || (after && count < length); count += MOST) {
      after = await this._read(after ?? undefined, Math.min(MOST, Math.max(PAGE, length)));
    }
  }

  /** Read runs older than `after`: they replace all that are known of the same time. */
  private async _read(after: string | undefined, limit: number): Promise<string | null> {
    const { client } = this.yard;
    const { signal } = this._control;
    try {
      const query = { ...queryOf(this.text), details: true, limit, after };
      const { items, next = null } = await client.call('runs.list', { query, signal });
      const oldest = next && items[items.length - 1].id;
      // IDs of runs sort by the time of their creation
      const isOutside = ({ id }: Run) => (after && id >= after) || (oldest && id < oldest);
      const others = this.items.filter(isOutside);
      this.items = [...others, ...items].sort((a, b) => (a.id < b.id ? 1 : -1));
      this.isWhole ||= !next;
      this.problem = undefined;
      return next;
    } catch (error) {
      this.problem = refusal(error as Error);
      return null;
    } finally {
      this.isReady = true;
      if (!signal.aborted) {
        this.changed.emit();
      }
    }
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
    if (this._touched.size) {
      const pause = Math.max(GATHER, this._renewed + REFRESH - Date.now());
      this._timer ??= window.setTimeout(() => void this._renew(), pause);
    }
  }

  private async _renew(): Promise<void> {
    const starts = new Set<string | undefined>();
    for (const id of this._touched) {
      const place = this.items.findIndex(run => run.id <= id);
      if (place >= 0 || this.isWhole) {
        const page = Math.floor(Math.max(0, place) / PAGE) * PAGE;
        starts.add(page ? this.items[page - 1].id : undefined);
      }
    }
    this._touched.clear();
    for (const after of starts) {
      await this._read(after, PAGE);
    }
    this._renewed = Date.now();
    this._timer = undefined;
  }

  private readonly _control = new AbortController();
  private _isReading = false;
  private _renewed = 0;
  private _timer?: number;
  private readonly _touched = new Set<string>();
}

/** Return the runs that match a search of the chosen project; until they are read, those before. */
export function useRunPages(yard: IYard, text: string, project: string): RunPages {
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const asked = text.trim();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the client adds the project
  const pages = useMemo(() => new RunPages(yard, asked), [yard, asked, project]);
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
