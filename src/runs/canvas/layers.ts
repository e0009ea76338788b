/** The newest run of one document, and the earlier runs with the newest task of other nodes. */
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { IYard } from '../../api/yard';
import { INodePreview, ITableHead } from '../../canvas/model/tokens';
import { RunModel } from '../model/runModel';
import { Previews } from './previews';

/** So many earlier runs are searched for nodes without a task in the newest run. */
const EARLIER = 30;
/** The search ends after so many tasks of other nodes: a new or muted node has no task. */
const IN_VAIN = 60;

export interface ILayer {
  model: RunModel;
  previews: Previews;
}

export class Layers implements IDisposable {
  constructor(
    private readonly yard: IYard,
    private readonly path: () => string,
    private readonly trans: TranslationBundle,
    private readonly onNews: (nodes: ReadonlySet<string> | undefined) => void,
    private readonly hasNode: (node: string) => boolean
  ) {}

  get newest(): RunModel | undefined {
    return this._layers[0]?.model;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get isShown(): boolean {
    return this._shown;
  }

  set isShown(shown: boolean) {
    this._shown = shown;
    this._layers.forEach(({ previews }) => (previews.isShown = shown));
  }

  has(run: string): boolean {
    return this._layers.some(({ model }) => model.id === run);
  }

  /** Return the newest run with a task of this node, as far as it is known. */
  of(node: string): ILayer | undefined {
    return this._layers.find(({ model }) => has(model, node));
  }

  /** Search the earlier runs for a node that may have a task. */
  want(node: string): undefined {
    this._wanted.add(node);
    void this._search();
  }

  /** Return the preview of a dataset, from the newest run that used it, once that is known. */
  dataPreview(node: string): INodePreview | undefined {
    for (const { model, previews } of this._layers) {
      // the first page of tasks shows which nodes have no task
      const preview = model.run && previews.get(node);
      if (preview || !previews.isKnown(node)) {
        return preview;
      }
    }
    return undefined;
  }

  async dataTable(node: string, output: string): Promise<ITableHead | undefined> {
    for (const { model, previews } of this._layers) {
      const table = model.run && (await previews.table(node, output));
      if (table || !model.run) {
        return table;
      }
    }
    return undefined;
  }

  /** Put another run on top; without one, or if a run was deleted, forget the others. */
  put(run: string | undefined): void {
    const { newest } = this;
    // a check run is outside the history
    if (!run || (newest && (run < newest.id || newest.run?.origin?.kind === 'check'))) {
      this.clear();
    }
    this._inVain = 0;
    if (run) {
      this._layers.unshift(this._open(run));
      void this._search();
    }
  }

  clear(): void {
    this._searched.clear();
    this._layers.splice(0).forEach(layer => this._close(layer));
  }

  dispose(): void {
    this._disposed = true;
    this.clear();
  }

  private _open(run: string): ILayer {
    const { client } = this.yard;
    const model = RunModel.of(this.yard, run);
    const artifactsOf = (node: string) => model.task(node)?.artifacts ?? [];
    const previews = new Previews(client, run, this.trans, this.onNews, artifactsOf);
    previews.isShown = this._shown;
    model.changed.connect(this._onRun, this);
    return { model, previews };
  }

  private _close({ model, previews }: ILayer): void {
    model.changed.disconnect(this._onRun, this);
    model.dispose();
    previews.dispose();
  }

  private _onRun(_: RunModel, nodes: ReadonlySet<string> | undefined): void {
    this.onNews(nodes);
  }

  /** Drop the runs that no longer show a node, and search once for each node without a task. */
  private async _search(): Promise<void> {
    const [top] = this._layers;
    if (!top || this._searching === top) {
      return;
    }
    this._searching = top;
    try {
      await top.model.ready;
      if (this._isTop(top) && top.model.run && top.model.run.origin?.kind !== 'check') {
        this._forget();
        const used = new Set([top, ...[...this._wanted].map(node => this.of(node))]);
        const unused = this._layers.filter(layer => !used.has(layer));
        this._layers = this._layers.filter(layer => used.has(layer));
        unused.forEach(layer => this._close(layer));
        const isDue = (node: string) => this._searched.get(node) !== top.model.id;
        while (this._isTop(top) && this._lacking().some(isDue)) {
          await this._dig(top);
        }
      }
    } catch {
      // unreachable: the cards show the runs that are known
    }
    if (this._searching === top) {
      this._searching = undefined;
    }
  }

  /** Forget the nodes that left the document; a node that comes back is searched again. */
  private _forget(): void {
    for (const node of [...this._wanted].filter(node => !this.hasNode(node))) {
      this._wanted.delete(node);
      this._searched.delete(node);
    }
  }

  private async _dig(top: ILayer): Promise<void> {
    const lacking = this._lacking();
    // the runs before an earlier search have no task of these nodes
    const [since] = lacking.map(node => this._searched.get(node) ?? '').sort();
    const query = { workflow: this.path(), after: top.model.id, limit: EARLIER };
    const { items } = await this.yard.client.call('runs.list', { query });
    for (const { id } of items.filter(({ id }) => id > since && !this.has(id))) {
      if (!this._isTop(top)) {
        return;
      }
      if (!this._lacking().length || this._inVain > IN_VAIN) {
        break;
      }
      const layer = this._open(id);
      await layer.model.ready;
      if (this._isTop(top) && this._lacking().some(node => has(layer.model, node))) {
        this._layers.push(layer);
        this._layers.sort((a, b) => (a.model.id < b.model.id ? 1 : -1));
        this.onNews(undefined);
      } else {
        this._inVain += layer.model.detail?.tasks.length ?? 0;
        this._close(layer);
      }
    }
    if (this._isTop(top)) {
      lacking.forEach(node => this._searched.set(node, top.model.id));
    }
  }

  private _isTop(layer: ILayer): boolean {
    return !this._disposed && this._layers[0] === layer;
  }

  /** Return the nodes without a task in any known run. */
  private _lacking(): string[] {
    return [...this._wanted].filter(node => !this.of(node));
  }

  private _disposed = false;
  private _inVain = 0;
  private _layers: ILayer[] = [];
  /** The newest run at the last whole search for a node. */
  private _searched = new Map<string, string>();
  private _searching?: ILayer;
  private _shown = true;
  private _wanted = new Set<string>();
}

/** Return whether a run has a task of a node, or tasks inside of it. */
function has(model: RunModel, node: string): boolean {
  return !!model.task(node) || model.within(node).length > 0;
}
