/** The names of tasks. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Artifact, Run, Task } from '../../api/types';
import { idsWithSameName } from '../../components/format/names';

/** The notebook with its outputs, among the results of a task. */
export const EXECUTED = 'executed.ipynb';

/** Return the results with executed notebooks last. */
export function executedLast(artifacts: readonly Artifact[]): Artifact[] {
  const isLast = ({ name }: Artifact) => Number(name === EXECUTED);
  return [...artifacts].sort((left, right) => isLast(left) - isLast(right));
}

export interface IStepName {
  name: string;
  /** Set if several tasks have that name. */
  id?: string;
}

const known = new WeakMap<readonly Task[], ReadonlySet<string>>();

/** Return the name of a task, with its id if other tasks have the same name. */
export function taskName(task: Task, tasks: readonly Task[]): IStepName {
  let several = known.get(tasks);
  if (!several) {
    several = idsWithSameName(tasks.map(({ node, label }) => [node, label || node]));
    known.set(tasks, several);
  }
  const name = task.label || task.node;
  return several.has(task.node) ? { name, id: task.node } : { name };
}

/** Return the same as one text. */
export function taskTitle(task: Task, tasks: readonly Task[]): string {
  const { name, id } = taskName(task, tasks);
  return id ? `${name} · ${id}` : name;
}

/** Return whether a run is kept out of history, and deleted automatically. */
export function isScratch({ origin }: Pick<Run, 'origin'>): boolean {
  return origin?.kind === 'check' || origin?.kind === 'bisect';
}

/** Return the name of a run, its number, or what a run without either is for. */
export function runName(run: Run, trans: TranslationBundle): string {
  if (isScratch(run)) {
    return run.origin.kind === 'check' ? trans.__('Check Run') : trans.__('Bisection');
  }
  return run.name || String(run.number);
}
