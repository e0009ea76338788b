import { ISignal, Signal } from '@lumino/signaling';
import { ApiClient, ApiError } from './client';
import { EventStream } from './eventStream';
import { OperationId } from './operations';
import { StoreEvent } from './types';

/** Events within this time (ms) lead to one round of requests. */
const GATHER = 120;
/** With more changes than this at once, the whole page is read again. */
const MANY = 8;
const PAGE = 100;

export interface IPage<T> {
  items: T[];
  next?: string | null;
}

export interface ICollectionOptions<T> {
  list: (query: { limit: number; after?: string; search?: string }) => Promise<IPage<T>>;
  /** Return the item; null if it belongs in no list. */
  get: (id: string) => Promise<T | null>;
  stream: EventStream;
  /** The id of the event's item; null if it concerns another noun, undefined if unknown. */
  about: (event: StoreEvent, items: readonly T[]) => string | null | undefined;
}

/** The newest items of one noun, updated by events. The first `start` sends the first request. */
export class Collection<T extends { id: string }> {
  constructor(private readonly options: ICollectionOptions<T>) {}

  get items(): readonly T[] {
    return this._items;
  }

  get state(): 'idle' | 'loading' | 'ready' | 'failed' {
    return this._state;
  }

  /** Why the last load failed. */
  get problem(): string | undefined {
    return this._problem;
  }

  get more(): boolean {
    return !!this._next;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  find(id: string): T | undefined {
    return this._items.find(item => item.id === id);
  }

  /** Load once. Later calls wait for the same response, and retry after a failure. */
  async start(): Promise<void> {
    if (this._state === 'failed') {
      return this.reload();
    }
    if (!this._loading) {
      const { stream } = this.options;
      stream.events.connect(this._onEvents, this);
      stream.refetch.connect(() => void this.reload());
      stream.connectedChanged.connect(
        (_, isThere) => isThere && this._state === 'failed' && void this.reload()
      );
      this._state = 'loading';
      this._loading = stream.start().then(() => this.reload());
    }
    return this._loading;
  }

  async reload(): Promise<void> {
    const round = ++this._round;
    this._set(this._items, this._state === 'ready' ? 'ready' : 'loading');
    try {
      const limit = Math.min(500, Math.max(PAGE, this._items.length));
      const page = await this.options.list({ limit });
      if (round === this._round) {
        this._next = page.next;
        this._set(page.items, 'ready');
      }
    } catch (error) {
      if (round === this._round) {
        this._set(this._items, 'failed', (error as Error).message);
      }
    }
  }

  /** Load the next, older items. */
  async loadMore(): Promise<void> {
    const after = this._next;
    if (!after) {
      return;
    }
    const page = await this.options.list({ limit: PAGE, after });
    if (after === this._next) {
      this._next = page.next;
      const known = new Set(this._items.map(item => item.id));
      this._set([...this._items, ...page.items.filter(item => !known.has(item.id))], 'ready');
    }
  }

  /** Search items of any age; the list itself does not change. */
  async search(text: string): Promise<T[]> {
    return (await this.options.list({ limit: PAGE, search: text })).items;
  }

  /** Store an item that an operation returned, without waiting for its event. */
  put(item: T): void {
    const known = this._items.some(({ id }) => id === item.id);
    const items = known
      ? this._items.map(old => (old.id === item.id ? item : old))
      : [item, ...this._items];
    this._set(items, this._state);
  }

  remove(id: string): void {
    this._set(
      this._items.filter(item => item.id !== id),
      this._state
    );
  }

  private _onEvents(_: EventStream, events: readonly StoreEvent[]): void {
    for (const event of events) {
      // what is shared with a project, or no longer shared, may be of any list
      const isShared = event.topic === 'project' && event.data.change === 'shared';
      const id = isShared ? undefined : this.options.about(event, this._items);
      if (id === null) {
        continue;
      }
      if (id === undefined) {
        this._all = true;
      } else {
        this._touched.add(id);
      }
      this._wait();
    }
  }

  /** Run one round of requests at a time, however fast events arrive. */
  private _wait(): void {
    this._timer ??= window.setTimeout(async () => {
      await this._renew();
      this._timer = undefined;
      if (this._all || this._touched.size) {
        this._wait();
      }
    }, GATHER);
  }

  private async _renew(): Promise<void> {
    const ids = [...this._touched];
    // the server knows which items belong to the project
    const all = this._all || ids.length > MANY || this.options.stream.client?.project;
    this._touched.clear();
    this._all = false;
    if (all) {
      return this.reload();
    }
    const round = this._round;
    const renewed = await Promise.all(
      ids.map(async id => {
        try {
          return { id, item: await this.options.get(id) };
        } catch (error) {
          const gone = error instanceof ApiError && error.status === 404;
          return { id, item: gone ? null : this.find(id) };
        }
      })
    );
    if (round !== this._round) {
      return;
    }
    const fresh = new Map(renewed.map(({ id, item }) => [id, item]));
    const kept = this._items.flatMap(old => {
      const item = fresh.get(old.id);
      fresh.delete(old.id);
      return item === undefined ? [old] : item === null ? [] : [item];
    });
    const made = [...fresh.values()].filter((item): item is T => !!item);
    this._set([...made.reverse(), ...kept], this._state);
  }

  private _set(items: readonly T[], state: Collection<T>['state'], problem?: string): void {
    this._items = items;
    this._state = state;
    this._problem = problem;
    this._changed.emit();
  }

  private _all = false;
  private _changed = new Signal<this, void>(this);
  private _items: readonly T[] = [];
  private _loading?: Promise<void>;
  private _next?: string | null;
  private _problem?: string;
  private _round = 0;
  private _state: 'idle' | 'loading' | 'ready' | 'failed' = 'idle';
  private _timer?: number;
  private _touched = new Set<string>();
}

/** The nouns with operations `list` and `get`, in the singular. */
export type Noun = {
  [Id in OperationId]: Id extends `${infer Name}s.get` ? Name : never;
}[OperationId];

/** Return the items of a noun. Its events have the noun as topic, unless `about` reads others. */
export function collectionFor<T extends { id: string }>(
  client: ApiClient,
  stream: EventStream,
  noun: Noun,
  about: ICollectionOptions<T>['about'] = event => (event.topic === noun ? event.subject_id : null)
): Collection<T> {
  const call = (id: string, question: object): Promise<unknown> =>
    client.call(id as OperationId, question as never);
  return new Collection<T>({
    ...{ stream, about },
    list: query => call(`${noun}s.list`, { query }) as Promise<IPage<T>>,
    get: id => call(`${noun}s.get`, { path: { [noun]: id } }) as Promise<T>
  });
}
