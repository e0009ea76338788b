/** The previews of one run: requested when a card asks, in batches, and kept. */
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { addressOf } from '../../api/addresses';
import { ApiClient } from '../../api/client';
import { Artifact, NodePreview, ShownMetric, TableHead } from '../../api/types';
import { INodePreview, ITableHead } from '../../canvas/model/tokens';
import { showNumber } from '../model/metrics';
import { largePicture } from './pictures';

/** The delay before the first request, so that it has all cards, in milliseconds. */
const GATHER = 50;
/** The time between two requests, and the time after a failed one. */
const BETWEEN = 1000;
const AFTER_FAILURE = 10_000;
/** More nodes than this are requested as pages of the whole run: an address has a limit. */
const NAMED = 50;

export class Previews implements IDisposable {
  constructor(
    private readonly client: ApiClient,
    private readonly run: string,
    private readonly trans: TranslationBundle,
    private readonly onNews: (nodes: ReadonlySet<string>) => void,
    private readonly artifactsOf: (node: string) => readonly Artifact[] = () => []
  ) {}

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Nothing is requested while it is false. */
  get isShown(): boolean {
    return this._shown;
  }

  set isShown(shown: boolean) {
    this._shown = shown;
    this._arm(GATHER);
  }

  /** Return the preview of a node that has succeeded or is a dataset; the first call requests it. */
  get(node: string): INodePreview | undefined {
    if (!this._known.has(node) && !this._wanted.has(node)) {
      this._wanted.add(node);
      this._arm(GATHER);
    }
    return this._known.get(node);
  }

  /** Return whether the preview of a node, or that it has none, is known. */
  isKnown(node: string): boolean {
    return this._known.has(node);
  }

  /** Return the head of the table in an output. A failed request is repeated at the next call. */
  table(node: string, output: string): Promise<ITableHead | undefined> {
    const key = `${node}.${output}`;
    const known = this._tables.get(key);
    if (known) {
      return known;
    }
    const path = { run: this.run, node, output };
    const asked = this.client.call('runs.output_preview', { path }).then(
      ({ table }) => table && this._head(table),
      () => void this._tables.delete(key)
    );
    this._tables.set(
      key,
      asked.then(head => head ?? undefined)
    );
    return this._tables.get(key)!;
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
  }

  private _arm(delay: number): void {
    if (this._disposed || !this._shown || !this._wanted.size || this._asking) {
      return;
    }
    this._timer ??= window.setTimeout(
      () => {
        this._timer = undefined;
        if (document.hidden) {
          this._arm(BETWEEN);
        } else {
          void this._ask();
        }
      },
      Math.max(delay, this._next - Date.now())
    );
  }

  private async _ask(): Promise<void> {
    this._asking = true;
    let pause = BETWEEN;
    const news = new Set<string>();
    try {
      // the whole run is listed once; what the server still makes is requested by name
      const isWhole = this._wanted.size > NAMED && !this._listed;
      await this._read([...this._wanted].slice(0, isWhole ? undefined : NAMED), isWhole, news);
    } catch {
      pause = AFTER_FAILURE; // the server is away, or the run was deleted
    }
    this._asking = false;
    this._next = Date.now() + pause;
    if (!this._disposed) {
      if (news.size) {
        this.onNews(news);
      }
      this._arm(0);
    }
  }

  private async _read(
    wanted: readonly string[],
    isWhole: boolean,
    news: Set<string>
  ): Promise<void> {
    const nodes = isWhole ? '' : wanted.join();
    const pending = new Set<string>();
    let after: string | null | undefined = '';
    do {
      const asked: { path: { run: string }; query: object } = {
        path: { run: this.run },
        query: { nodes, after }
      };
      const page = await this.client.call('runs.previews', asked);
      if (this._disposed) {
        return;
      }
      page.pending?.forEach(node => pending.add(node));
      for (const preview of page.items) {
        this._known.set(preview.node, this._shownAs(preview));
        this._wanted.delete(preview.node);
        news.add(preview.node);
      }
      after = page.next;
    } while (after);
    for (const node of wanted) {
      // a node that the answer leaves out has nothing to show
      if (!pending.has(node) && !this._known.has(node)) {
        this._known.set(node, undefined);
        this._wanted.delete(node);
        news.add(node); // an earlier run may show it
      }
    }
    this._listed = (isWhole || this._listed) && this._wanted.size > 0;
  }

  private _shownAs(preview: NodePreview): INodePreview {
    const { picture, caption, table, table_name, metrics, model, text } = preview;
    const made: INodePreview = {};
    if (picture) {
      const path = { run: this.run, digest: picture };
      made.picture = addressOf(this.client, 'runs.picture', { path });
      const own = this.artifactsOf(preview.node).find(({ digest }) => digest === picture);
      made.enlarge = () => largePicture(this.client, made.picture!, own);
    }
    if (caption || table_name) {
      made.caption = caption || table_name;
    }
    if (table) {
      made.table = this._head(table);
    }
    if (metrics?.length) {
      made.metrics = shownMetrics(metrics);
    }
    if (model) {
      const { class_name, features } = model;
      const count = features && this.trans._n('%1 feature', '%1 features', features);
      made.model = [class_name, count].filter(Boolean).join(' · ');
    }
    if (text) {
      made.text = text;
    }
    return made;
  }

  private _head({ columns, rows, row_count, column_count }: TableHead): ITableHead {
    const size =
      typeof row_count === 'number'
        ? `${row_count.toLocaleString()} × ${column_count.toLocaleString()}`
        : this.trans._n('%1 column', '%1 columns', column_count);
    return { columns, rows, count: column_count, size };
  }

  private _asking = false;
  private _disposed = false;
  private _known = new Map<string, INodePreview | undefined>();
  private _listed = false;
  private _next = 0;
  private _shown = true;
  private _tables = new Map<string, Promise<ITableHead | undefined>>();
  private _timer?: number;
  private _wanted = new Set<string>();
}

export function shownMetrics(metrics: readonly ShownMetric[]): { name: string; value: string }[] {
  return metrics.map(({ name, value }) => ({ name, value: showNumber(value) }));
}
