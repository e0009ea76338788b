/** Applies events and progress to a run: pure functions. */
import { Activity, Run, RunDetail, StoreEvent, Task } from '../../api/types';
import { isReason } from '../../reasons';
import { endedPart, MapElements } from './maps/elements';

export type TaskState = Task['state'];

export const TASK_DONE: ReadonlySet<string> = new Set([
  'succeeded',
  'failed',
  'cancelled',
  'skipped'
]);

/** Return the run after events; the same object if none changes it. */
export function movedRun(run: Run, events: readonly StoreEvent[]): Run {
  return events.reduce((moved, event) => {
    const state = event.data.state as Run['state'];
    const own = event.topic === 'run' && event.subject_id === run.id;
    if (!own || typeof state !== 'string' || state === moved.state) {
      return moved;
    }
    const next = { ...moved, state };
    if (state === 'running') {
      next.started_at ??= event.at;
    } else if (state !== 'queued') {
      next.finished_at ??= event.at;
    }
    return next;
  }, run);
}

export function movedTask(task: Task, state: TaskState, event: StoreEvent): Task {
  // a user retries an element
  const anew = {
    reason: null,
    failure: null,
    queued_at: null,
    started_at: null,
    finished_at: null
  };
  const moved: Task = { ...task, ...(state === 'waiting' && anew), state };
  const { reason, waits, cached } = event.data;
  moved.waits = isReason(waits) ? waits : null;
  if (isReason(reason)) {
    moved.reason = reason;
  }
  if (typeof cached === 'boolean') {
    moved.cached = cached;
  }
  if (state === 'queued') {
    moved.queued_at ??= event.at;
  } else if (state === 'running') {
    moved.started_at ??= event.at;
  } else if (TASK_DONE.has(state)) {
    moved.finished_at ??= event.at;
  }
  return moved;
}

/** Return the duration in seconds, until `now` if it runs; undefined if it never started. */
export function secondsOf(
  thing: { started_at?: string | null; finished_at?: string | null },
  now: number
): number | undefined {
  if (!thing.started_at) {
    return undefined;
  }
  const end = thing.finished_at ? Date.parse(thing.finished_at) : now;
  return Math.max(0, (end - Date.parse(thing.started_at)) / 1000);
}

/** Return the seconds of a task's newest attempt. */
export function attemptSeconds(task: Task, now: number): number | undefined {
  const newest = task.attempts?.[task.attempts.length - 1];
  return secondsOf(newest?.started_at ? newest : task, now);
}

/** Return the seconds of work in all attempts, without the waits between them. */
export function workSeconds(task: Task, now: number): number | undefined {
  const attempts = task.attempts ?? [];
  const works = task.state === 'running' || task.state === 'preparing';
  if (attempts.length < 2 && (works || TASK_DONE.has(task.state))) {
    return secondsOf(task, now);
  }
  const over = attempts.filter(({ finished_at }) => works || finished_at);
  const parts = over.flatMap(attempt => secondsOf(attempt, now) ?? []);
  return parts.length ? parts.reduce((sum, part) => sum + part, 0) : undefined;
}

/** Return the finished part of a task, 0 … 1; undefined if unknown. */
export function progressOf(
  task: Task,
  activity: Activity | undefined,
  elements?: MapElements
): number | undefined {
  if (TASK_DONE.has(task.state)) {
    return 1;
  }
  if (elements) {
    return endedPart(elements.states);
  }
  return task.state === 'running' && activity?.total ? activity.done / activity.total : undefined;
}

/** Return the finished part of a run, 0 … 1, including running tasks. */
export function runProgress(
  detail: RunDetail,
  activity: ReadonlyMap<string, Activity>,
  elementsOf?: (node: string) => MapElements | undefined
): number {
  if (!detail.tasks.length) {
    return 0;
  }
  const done = detail.tasks.map(
    task => progressOf(task, activity.get(task.node), elementsOf?.(task.node)) ?? 0
  );
  return done.reduce((sum, part) => sum + part, 0) / done.length;
}

/** Whether a task ran when its run was cancelled: it has a log. */
export function wasStopped({ state, attempts }: Task): boolean {
  return state === 'cancelled' && !!attempts?.some(({ started_at }) => started_at);
}

/** Return how many tasks ended by themselves, before or without a cancellation. */
export function completed({ tasks }: RunDetail): number {
  return tasks.filter(({ state }) => state === 'succeeded' || state === 'failed').length;
}

/** Return the task to show: the failed one, else a running or cancelled one, the last map or task. */
export function taskToFollow(
  detail: RunDetail,
  isMap: (node: string) => boolean
): string | undefined {
  const of = (...states: TaskState[]) => detail.tasks.find(({ state }) => states.includes(state));
  const done = detail.tasks.filter(({ state }) => state === 'succeeded').reverse();
  const last = done.find(({ node }) => isMap(node)) ?? done[0];
  const cancelled = detail.tasks.find(wasStopped);
  const current = of('failed') ?? of('running', 'preparing') ?? cancelled;
  return (current ?? last ?? detail.tasks[0])?.node;
}

/** Return the state to show: a started run of which no task is in progress is waiting. */
export function shownState({ state, counts }: Pick<Run, 'state' | 'counts'>): string {
  return state === 'running' && counts.queued && !counts.preparing && !counts.running
    ? 'waiting'
    : state;
}
