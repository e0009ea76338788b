/** Which sections of the sidebar are open, and how runs are listed; remembered from page to page. */
import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

const KEY = 'nbyard:sections';

type Choices = Readonly<Record<string, boolean>>;

export class OpenSections {
  /** Restore the choices of an earlier page, and store later ones. */
  async restore(state: IStateDB): Promise<void> {
    this._state = state;
    const stored = (await state.fetch(KEY)) as Choices | undefined;
    this._set({ ...stored, ...this._choices });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Return the choice of the user; undefined if there is none. */
  get(name: string): boolean | undefined {
    return this._choices[name];
  }

  set(name: string, isOpen: boolean): void {
    this._set({ ...this._choices, [name]: isOpen });
    void this._state?.save(KEY, this._choices);
  }

  private _set(choices: Choices): void {
    this._choices = choices;
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _choices: Choices = {};
  private _state?: IStateDB;
}

export const openSections = new OpenSections();
