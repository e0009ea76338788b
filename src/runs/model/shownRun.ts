import { Signal } from '@lumino/signaling';

/** The run in Run Info; other lists of runs highlight it. */
export const shownRun = {
  changed: new Signal<object, void>({}),

  id: undefined as string | undefined,

  set(id: string | undefined): void {
    this.id = id;
    this.changed.emit();
  }
};
