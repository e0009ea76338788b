import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';

interface IViews {
  readonly changed: ISignal<unknown, ReadonlySet<string>>;
  readonly isHeld: boolean;
}

/** Between two updates, in milliseconds. */
const REST = 500;

/**
 * Updates the connections of cards whose state changed: at once, but not for each of many changes,
 * which the cards show themselves, and not while the user moves the view or a card.
 */
export class ConnectionUpdates implements IDisposable {
  constructor(
    private readonly views: IViews,
    private readonly store: { refresh(ids: ReadonlySet<string>): void }
  ) {
    views.changed.connect(this._onViews, this);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._resting);
    this.views.changed.disconnect(this._onViews, this);
  }

  private _onViews(_: unknown, ids: ReadonlySet<string>): void {
    ids.forEach(id => this._due.add(id));
    if (this._resting === undefined) {
      this._update();
    }
  }

  private _update(): void {
    this._resting = undefined;
    if (this._due.size) {
      if (!this.views.isHeld) {
        const ids = this._due;
        this._due = new Set();
        this.store.refresh(ids);
      }
      this._resting = window.setTimeout(() => this._update(), REST);
    }
  }

  private _disposed = false;
  private _due = new Set<string>();
  private _resting?: number;
}
