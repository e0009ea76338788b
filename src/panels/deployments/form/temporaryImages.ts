/** Handles images that a form built before anybody deployed them. */
import { ApiClient, ApiError } from '../../../api/client';
import { ModelPackage } from '../../../api/types';

/** The server keeps an image for ten minutes after each renewal. */
const RENEWED_MS = 60_000;

/**
 * Removes images with the form, unless they are in use, which the server decides. `onLost` is
 * called when an image is gone, for example after the machine slept.
 */
export class TemporaryImages {
  constructor(
    private readonly client: ApiClient,
    private readonly onLost: (id: string) => void
  ) {
    window.addEventListener('pagehide', this._leave);
    this._timer = window.setInterval(() => this._known.forEach(id => this._renew(id)), RENEWED_MS);
  }

  add(made: Promise<ModelPackage>): void {
    this._made.push(made);
    made.then(({ id }) => this._known.push(id)).catch(() => undefined); // nothing was built
  }

  /** Keep the images until this work is over. */
  hold<T>(work: Promise<T>): Promise<T> {
    this._isHeld = true;
    this._held = work
      .catch(() => undefined)
      .then(() => {
        this._isHeld = false;
      });
    return work;
  }

  async clear(): Promise<void> {
    window.removeEventListener('pagehide', this._leave);
    window.clearInterval(this._timer);
    await this._held;
    await Promise.allSettled(this._made);
    await Promise.all(this._known.map(id => this._remove(id)));
  }

  /** The page closes, so there is no time to wait for pending work. */
  private readonly _leave = ({ persisted }: PageTransitionEvent) => {
    if (!persisted && !this._isHeld) {
      this._known.forEach(id => void this._remove(id, true));
    }
  };

  private _renew(model: string): void {
    this.client.call('models.renew', { path: { model } }).catch(({ code }: ApiError) => {
      if (code === 'not-found') {
        this._known = this._known.filter(id => id !== model);
        this.onLost(model);
      }
    });
  }

  private _remove(model: string, keepalive = false): Promise<unknown> {
    const query = { unless_used: true };
    return this.client
      .call('models.delete', { path: { model }, query, keepalive })
      .catch(() => undefined); // another build has replaced it, or the server is gone
  }

  private _held: Promise<unknown> = Promise.resolve();
  private _isHeld = false;
  private readonly _timer: number;
  private _known: string[] = [];
  private _made: Promise<ModelPackage>[] = [];
}
