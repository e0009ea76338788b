/** What steps are called. */
import { Task } from '../api/types';
import { alike } from '../components/names';

export interface IStepName {
  name: string;
  /** Told, too, where several steps have that name. */
  id?: string;
}

const known = new WeakMap<readonly Task[], ReadonlySet<string>>();

/** The name of a step, and what tells it from others of that name. */
export function stepName(task: Task, tasks: readonly Task[]): IStepName {
  let several = known.get(tasks);
  if (!several) {
    several = alike(tasks.map(({ node, label }) => [node, label || node]));
    known.set(tasks, several);
  }
  const name = task.label || task.node;
  return several.has(task.node) ? { name, id: task.node } : { name };
}

/** The same as one text. */
export function stepTitle(task: Task, tasks: readonly Task[]): string {
  const { name, id } = stepName(task, tasks);
  return id ? `${name} · ${id}` : name;
}
