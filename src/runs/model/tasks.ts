import { StoreEvent, Task } from '../../api/types';
import { isElement, MapElements } from './maps/elements';
import { movedTask } from './reducer';

/**
 * The tasks of a run. The cost of an event is independent of their count. Elements of maps are in
 * no list but that of their map.
 */
export class TaskTable {
  /** The tasks of nodes in the order of the graph; a new list after each change of them. */
  get list(): readonly Task[] {
    return (this._list ??= [...this._tasks.values()]);
  }

  get(node: string): Task | undefined {
    return this._tasks.get(node) ?? this._elements.get(node);
  }

  /** Return the elements of a map. */
  elements(map: string): MapElements | undefined {
    return this._maps.get(map);
  }

  /** Return the tasks inside a sub-workflow, whose names begin with the name of its node. */
  within(node: string): readonly Task[] {
    return [...(this._within.get(node) ?? [])].map(inner => this._tasks.get(inner)!);
  }

  /** Apply a page as of the event `last`; return the changed nodes. */
  put(tasks: readonly Task[], last: number): Set<string> {
    const changed = new Set<string>();
    for (const task of tasks) {
      const known = this.get(task.node);
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
        const moved = movedTask(this.get(node)!, state as Task['state'], event);
        this._moved.set(node, event.id);
        this._set(moved, changed);
      }
    }
    return changed;
  }

  private _set(task: Task, changed: Set<string>): void {
    this._nodes.set(task.id, task.node);
    changed.add(task.node);
    if (isElement(task)) {
      const { map } = task.element;
      this._elements.set(task.node, task);
      this._maps.set(map, this._maps.get(map) ?? new MapElements());
      this._maps.get(map)!.put(task);
      [map, ...outerNodes(map)].forEach(node => changed.add(node));
      return;
    }
    this._tasks.set(task.node, task);
    this._list = undefined;
    for (const outer of outerNodes(task.node)) {
      this._within.set(outer, (this._within.get(outer) ?? new Set()).add(task.node));
      changed.add(outer);
    }
  }

  private _elements = new Map<string, Task>();
  private _list?: readonly Task[];
  private _maps = new Map<string, MapElements>();
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
