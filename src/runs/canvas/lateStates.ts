import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import {
  INodePreview,
  INodeRun,
  IRunStates,
  ITableHead,
  TaskState
} from '../../canvas/model/tokens';

/** States that load with their code; until then nothing is known. */
export class LateStates implements IRunStates {
  constructor(states: Promise<IRunStates>) {
    void states.then(states => {
      if (this._disposed) {
        states.dispose();
        return;
      }
      this._states = states;
      states.isShown = this._shown;
      states.changed.connect((_, nodes) => this._changed.emit(nodes));
      this._changed.emit(undefined);
    });
  }

  get run(): IRunStates['run'] {
    return this._states?.run;
  }

  get lost(): IRunStates['lost'] {
    return this._states?.lost;
  }

  get changed(): ISignal<this, ReadonlySet<string> | undefined> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get(node: string): INodeRun | undefined {
    return this._states?.get(node);
  }

  stateOf(node: string): TaskState | undefined {
    return this._states?.stateOf(node);
  }

  get isShown(): boolean {
    return this._shown;
  }

  set isShown(shown: boolean) {
    this._shown = shown;
    if (this._states) {
      this._states.isShown = shown;
    }
  }

  previewFor(node: string): INodePreview | undefined {
    return this._states?.previewFor?.(node);
  }

  failingSourceArgs(node: string): ReadonlyPartialJSONObject | undefined {
    return this._states?.failingSourceArgs(node);
  }

  async previewOf(node: string, output: string): Promise<ITableHead | undefined> {
    return this._states?.previewOf?.(node, output);
  }

  dispose(): void {
    this._disposed = true;
    this._states?.dispose();
    Signal.clearData(this);
  }

  private _changed = new Signal<this, ReadonlySet<string> | undefined>(this);
  private _disposed = false;
  private _shown = true;
  private _states?: IRunStates;
}
