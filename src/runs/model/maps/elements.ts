/** The elements of a map: their tasks in the order of the input, and counts of their states. */
import { Element, Task } from '../../../api/types';
import {
  ELEMENT_STATES,
  ElementState,
  IElements,
  MOST_TILES
} from '../../../canvas/model/diagram/maps';

/** The task of an element. */
export type ElementTask = Task & { element: Element };

export function isElement(task: Task | undefined): task is ElementTask {
  return !!task?.element;
}

const STATES: Record<Task['state'], ElementState> = {
  waiting: 'waiting',
  queued: 'waiting',
  preparing: 'running',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'skipped',
  skipped: 'skipped'
};

/** Return the state of an element, of which there are fewer than of tasks. */
export function elementState({ state }: Task): ElementState {
  return STATES[state];
}

/** Counts are kept with each change, because a map may have ten thousand elements. */
export class MapElements {
  /** A new list after each change. */
  get list(): readonly ElementTask[] {
    return (this._list ??= [...this._tasks.values()].sort(
      (a, b) => a.element.position - b.element.position
    ));
  }

  /** Store the new state of an element. */
  put(task: ElementTask): void {
    const before = this._tasks.get(task.node);
    this._counts[elementState(task)]++;
    if (before) {
      this._counts[elementState(before)]--;
    }
    this._tasks.set(task.node, task);
    this._list = undefined;
  }

  get states(): IElements {
    const { size: total } = this._tasks;
    const tiles = total <= MOST_TILES ? this.list.map(elementState) : undefined;
    return { total, counts: { ...this._counts }, tiles };
  }

  private readonly _counts = Object.fromEntries(
    ELEMENT_STATES.map(state => [state, 0])
  ) as IElements['counts'];
  private _list?: readonly ElementTask[];
  private readonly _tasks = new Map<string, ElementTask>();
}

/** Return the part of a map that has ended, 0 … 1. */
export function endedPart({ total, counts }: IElements): number {
  return (total - counts.running - counts.waiting) / Math.max(1, total);
}
