/** What an event or a sign of life changes in what is known of a run: pure functions. */
import { Activity, Run, RunDetail, StoreEvent, Task } from '../api/types';

export type TaskState = Task['state'];

export const TASK_DONE: ReadonlySet<string> = new Set([
  'succeeded',
  'failed',
  'cancelled',
  'skipped'
]);

/** The run after events; the same object when none of them moves it. */
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
  const moved: Task = { ...task, state };
  const { reason, cached } = event.data;
  if (typeof reason === 'string') {
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

/** Before what a step waits for, behind the reason why it runs (`domain/runs/status_reason.py`). */
const WAITS = ' – waits: ';

/** What a step that is to start waits for, for example an engine that does not answer. */
export function waitsFor(task: Task): string | undefined {
  return task.reason.split(WAITS)[1];
}

/** Seconds that a thing took, or takes until `now`; undefined when it never started. */
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

/** Seconds of the newest attempt at a step. */
export function attemptSeconds(task: Task, now: number): number | undefined {
  const newest = task.attempts?.[task.attempts.length - 1];
  return secondsOf(newest?.started_at ? newest : task, now);
}

/** Seconds that a step worked, in all its attempts: what it waits between two is no work. */
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

/** How much of a task is done, 0 … 1; undefined when that cannot be said. */
export function progressOf(task: Task, activity: Activity | undefined): number | undefined {
  if (TASK_DONE.has(task.state)) {
    return 1;
  }
  return task.state === 'running' && activity?.total ? activity.done / activity.total : undefined;
}

/** How much of a run is done, 0 … 1: finished steps, and parts of those under way. */
export function runProgress(detail: RunDetail, activity: ReadonlyMap<string, Activity>): number {
  if (!detail.tasks.length) {
    return 0;
  }
  const done = detail.tasks.map(task => progressOf(task, activity.get(task.node)) ?? 0);
  return done.reduce((sum, part) => sum + part, 0) / done.length;
}

/** The step that a person wants to see: the failed one, else one under way, else the last. */
export function stepToFollow(detail: RunDetail): string | undefined {
  const of = (...states: TaskState[]) => detail.tasks.find(({ state }) => states.includes(state));
  const last = [...detail.tasks].reverse().find(({ state }) => state === 'succeeded');
  return (of('failed') ?? of('running', 'preparing') ?? last ?? detail.tasks[0])?.node;
}
