/** What a form had built before anybody deployed it. */
import { ApiClient, ApiError } from '../../api/client';
import { ModelPackage } from '../../api/types';

/** The server keeps it for ten minutes each time that it hears of the form. */
const RENEWED_MS = 60_000;

/** It is removed with the form, unless something uses it by then: that is for the server to say.
 * `onLost` hears that it is gone, as it may be where the machine has slept. */
export class Leftovers {
  constructor(
    private readonly client: ApiClient,
    private readonly onLost: (id: string) => void
  ) {
    window.addEventListener('pagehide', this._leave);
    this._timer = window.setInterval(() => this._known.forEach(id => this._renew(id)), RENEWED_MS);
  }

  add(made: Promise<ModelPackage>): void {
    this._made.push(made);
    made.then(({ id }) => this._known.push(id)).catch(() => undefined); // nothing came of it
  }

  /** None of it goes before this is over. */
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

  /** The page goes: there is no time to wait for what is under way. */
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
      .catch(() => undefined); // another build has taken its place, or the server is gone
  }

  private _held: Promise<unknown> = Promise.resolve();
  private _isHeld = false;
  private readonly _timer: number;
  private _known: string[] = [];
  private _made: Promise<ModelPackage>[] = [];
}
