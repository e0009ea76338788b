/** Converts times of tasks to bars: pure arithmetic. */
import { Attempt, RunDetail, Task } from '../../api/types';
import { IStepName, taskName } from './names';
import { TASK_DONE, workSeconds } from './reducer';

export const PHASES = ['queued', 'preparing', 'starting', 'running', 'publishing'] as const;
export type Phase = (typeof PHASES)[number];

/** A part of a bar, in seconds from the start of the run. */
export interface ISegment {
  phase: Phase;
  from: number;
  to: number;
  /** The attempt that it belongs to or waits for, from 1. */
  attempt: number;
}

export interface IBar extends IStepName {
  node: string;
  state: Task['state'];
  cached: boolean;
  attempts: readonly Attempt[];
  segments: ISegment[];
  /** The duration of the task in seconds, as everywhere; undefined before it starts. */
  duration: number | undefined;
  /** Whether the task is on the critical path of the run. */
  critical: boolean;
}

export interface IChart {
  bars: IBar[];
  seconds: number;
  /** When the first task was queued: before, the run had only been created. */
  begins: number;
}

export function chartOf(detail: RunDetail, now: number): IChart {
  const origin = Date.parse(detail.run.created_at);
  const end = detail.run.finished_at ? Date.parse(detail.run.finished_at) : now;
  const path = criticalPath(detail.tasks);
  const bars = detail.tasks.map(task => ({
    node: task.node,
    ...taskName(task, detail.tasks),
    state: task.state,
    cached: task.cached,
    attempts: task.attempts ?? [],
    segments: segmentsOf(task, origin, end),
    duration: workSeconds(task, now),
    critical: path.has(task.node)
  }));
  const segments = bars.flatMap(bar => bar.segments);
  const seconds = Math.max(0.1, (end - origin) / 1000, ...segments.map(({ to }) => to));
  return { bars, seconds, begins: Math.min(seconds, ...segments.map(({ from }) => from)) };
}

interface IMark {
  phase: Phase;
  attempt: number;
  at: string | null | undefined;
}

function segmentsOf(task: Task, origin: number, end: number): ISegment[] {
  const live = !TASK_DONE.has(task.state);
  const marks = marksOf(task).filter(({ at }) => at);
  if (!marks.length || (!live && !task.finished_at)) {
    return [];
  }
  const seconds = (at: string) => Math.max(0, (Date.parse(at) - origin) / 1000);
  const published = live ? undefined : task.attempts?.[task.attempts.length - 1]?.published_at;
  const finish = published ?? task.finished_at;
  let to = finish ? seconds(finish) : (end - origin) / 1000;
  // from the end, because clocks may differ: no part ends after the next has begun
  const segments = marks.reverse().map(({ phase, at, attempt }) => {
    const segment: ISegment = { phase, attempt, from: Math.min(seconds(at!), to), to };
    to = segment.from;
    return segment;
  });
  return segments.reverse().filter(({ phase, from, to }) => to > from || phase === 'running');
}

const ENDS: ReadonlySet<string> = new Set(['failed', 'cancelled', 'lost']);

/**
 * Return the colour of a segment: finished work has the colour of its result. So does the last
 * segment of an attempt or a task that never started to work, and the wait of a cached task.
 */
export function colourOf(bar: IBar, index: number): string {
  const { phase, attempt } = bar.segments[index];
  if (bar.cached) {
    return 'cached';
  }
  const newest = attempt === bar.segments[bar.segments.length - 1].attempt;
  const own = bar.attempts[attempt - 1]?.state;
  const state = own === 'lost' || !newest ? own : bar.state;
  const isLast = phase !== 'publishing' && bar.segments[index + 1]?.attempt !== attempt;
  if ((phase === 'running' || isLast) && ENDS.has(state)) {
    return state;
  }
  return phase === 'running' && state === 'succeeded' ? state : phase;
}

/** One attempt of a task, or the whole task if it had none. */
export interface ITry {
  number: number;
  state: string;
  segments: readonly ISegment[];
}

/** Return the attempts of a task, with the one that it waits for. */
export function attemptsOf(bar: IBar): ITry[] {
  const { attempts, segments, state } = bar;
  const count = Math.max(1, attempts.length, ...segments.map(({ attempt }) => attempt));
  return Array.from({ length: count }, (_, index) => ({
    number: attempts[index]?.number ?? index + 1,
    state: (count > 1 && attempts[index]?.state) || state,
    segments: segments.filter(({ attempt }) => attempt === index + 1)
  }));
}

/** Return the duration of a phase; undefined if there was none. */
export function phaseSeconds(segments: readonly ISegment[], phase: Phase): number | undefined {
  const parts = segments.filter(segment => segment.phase === phase);
  return parts.length ? parts.reduce((sum, { from, to }) => sum + to - from, 0) : undefined;
}

/** Return when each phase of a task began, as far as it is known. */
function marksOf(task: Task): IMark[] {
  const attempts = task.attempts ?? [];
  const last = attempts.length - 1;
  const first = attempts[0]?.created_at;
  const marks: IMark[] = [];
  // a task that was queued again has lost its first time
  if (task.queued_at && !(first && Date.parse(task.queued_at) > Date.parse(first))) {
    marks.push({ phase: 'queued', attempt: 1, at: task.queued_at });
  }
  if (!attempts.length) {
    marks.push({ phase: 'running', attempt: 1, at: task.started_at }); // a map has no attempts
  }
  attempts.forEach((current, index) => {
    const newest = index === last;
    const started = current.started_at ?? (newest ? task.started_at : undefined);
    const attempt = index + 1;
    marks.push(
      { phase: 'preparing', attempt, at: current.created_at },
      { phase: 'starting', attempt, at: earlier(current.prepared_at, current.started_at) },
      { phase: 'running', attempt, at: current.working_at ?? started },
      { phase: 'publishing', attempt, at: current.published_at && current.finished_at }
    );
    if (!newest || task.state === 'queued') {
      marks.push({
        phase: 'queued',
        attempt: attempt + 1,
        at: current.published_at ?? current.finished_at
      });
    }
  });
  return marks;
}

/** Return the earlier time: a runtime may report the start late. */
function earlier(prepared: Attempt['prepared_at'], started: Attempt['started_at']) {
  return prepared && started && Date.parse(started) < Date.parse(prepared) ? started : prepared;
}

/** Return the critical path: from the last task back to the latest dependency each time. */
export function criticalPath(tasks: readonly Task[]): Set<string> {
  const path = new Set<string>();
  const byNode = new Map(tasks.map(task => [task.node, task]));
  const endOf = (task: Task) => (task.finished_at ? Date.parse(task.finished_at) : 0);
  const latest = (some: readonly Task[]) =>
    some.reduce<Task | undefined>(
      (best, task) => (endOf(task) > (best ? endOf(best) : 0) ? task : best),
      undefined
    );
  let at = latest(tasks);
  while (at && !path.has(at.node)) {
    path.add(at.node);
    at = latest((at.needs ?? []).flatMap(node => byNode.get(node) ?? []));
  }
  return path;
}

/** Return about `wanted` round times for the axis, from 0. */
export function ticks(seconds: number, wanted = 6): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const rough = seconds / wanted;
  const step = steps.find(size => size >= rough) ?? Math.ceil(rough / 3600) * 3600;
  const count = Math.floor(seconds / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toFixed(1)));
}
