import { StoreEvent, Task } from '../../api/types';
import { movedTask } from './reducer';

/**
 * The tasks of a run in the order of the graph. The cost of an event is independent of their count.
 */
export class TaskTable {
  /** A new list after each change. */
  get list(): readonly Task[] {
    return (this._list ??= [...this._tasks.values()]);
  }

  get(node: string): Task | undefined {
    return this._tasks.get(node);
  }

  /** Return the tasks inside a sub-workflow, whose names begin with the name of its node. */
  within(node: string): readonly Task[] {
    return [...(this._within.get(node) ?? [])].map(inner => this._tasks.get(inner)!);
  }

  /** Apply a page as of the event `last`; return the changed nodes. */
  put(tasks: readonly Task[], last: number): Set<string> {
    const changed = new Set<string>();
    for (const task of tasks) {
      const known = this._tasks.get(task.node);
      if (known && (this._moved.get(task.node) ?? 0) > last) {
        continue; // the page is older than the known state
      }
      if (JSON.stringify(known) !== JSON.stringify(task)) {
        this._set(task, changed);
      }
    }
    return changed;
  }

  /** Apply states from events; return the changed nodes. */
  move(events: readonly StoreEvent[]): Set<string> {
    const changed = new Set<string>();
    for (const event of events) {
      const node = this._nodes.get(event.subject_id);
      const { state } = event.data;
      if (event.topic === 'task' && node !== undefined && typeof state === 'string') {
        const moved = movedTask(this._tasks.get(node)!, state as Task['state'], event);
        this._moved.set(node, event.id);
        this._set(moved, changed);
      }
    }
    return changed;
  }

  private _set(task: Task, changed: Set<string>): void {
    this._tasks.set(task.node, task);
    this._nodes.set(task.id, task.node);
    this._list = undefined;
    changed.add(task.node);
    for (const outer of outerNodes(task.node)) {
      this._within.set(outer, (this._within.get(outer) ?? new Set()).add(task.node));
      changed.add(outer);
    }
  }

  private _list?: readonly Task[];
  private _moved = new Map<string, number>();
  private _nodes = new Map<string, string>();
  private _tasks = new Map<string, Task>();
  private _within = new Map<string, Set<string>>();
}

/** Return the sub-workflows that contain a node: `a` and `a.b` for `a.b.c`. */
export function outerNodes(node: string): string[] {
  const names = node.split('.');
  return names.slice(1).map((_, end) => names.slice(0, end + 1).join('.'));
}
