/** From times of tasks to bars: pure arithmetic. */
import { Attempt, RunDetail, Task } from '../api/types';
import { TASK_DONE } from './reducer';

export const PHASES = ['queued', 'preparing', 'starting', 'running', 'publishing'] as const;
export type Phase = (typeof PHASES)[number];

/** A piece of a bar, in seconds from the start of the run. */
export interface ISegment {
  phase: Phase;
  from: number;
  to: number;
  /** How an attempt ended that was not the last. */
  ended?: Attempt['state'];
}

export interface IBar {
  node: string;
  label: string;
  state: Task['state'];
  cached: boolean;
  segments: ISegment[];
  /** On the path that made the run as long as it is. */
  critical: boolean;
}

export interface IChart {
  bars: IBar[];
  seconds: number;
}

export function chartOf(detail: RunDetail, now: number): IChart {
  const origin = Date.parse(detail.run.created_at);
  const end = detail.run.finished_at ? Date.parse(detail.run.finished_at) : now;
  const path = criticalPath(detail.tasks);
  const bars = detail.tasks.map(task => ({
    node: task.node,
    label: task.label || task.node,
    state: task.state,
    cached: task.cached,
    segments: segmentsOf(task, origin, end),
    critical: path.has(task.node)
  }));
  const last = bars.flatMap(({ segments }) => segments.map(({ to }) => to));
  return { bars, seconds: Math.max(0.1, (end - origin) / 1000, ...last) };
}

interface IMark {
  phase: Phase;
  at: string | null | undefined;
  ended?: Attempt['state'];
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
  // from the end: clocks may differ a little, and no piece ends after the next has begun
  const segments = marks.reverse().map(({ phase, at, ended }) => {
    const segment: ISegment = { phase, from: Math.min(seconds(at!), to), to };
    to = segment.from;
    return ended ? { ...segment, ended } : segment;
  });
  return segments.reverse().filter(({ phase, from, to }) => to > from || phase === 'running');
}

/** When each phase of a task began, as far as that is known. */
function marksOf(task: Task): IMark[] {
  const attempts = task.attempts ?? [];
  const last = attempts.length - 1;
  const first = attempts[0]?.created_at;
  const marks: IMark[] = [];
  // a task that was queued again has forgotten when it was first
  if (task.queued_at && !(first && Date.parse(task.queued_at) > Date.parse(first))) {
    marks.push({ phase: 'queued', at: task.queued_at });
  }
  attempts.forEach((attempt, index) => {
    const newest = index === last;
    const started = attempt.started_at ?? (newest ? task.started_at : undefined);
    marks.push(
      { phase: 'preparing', at: attempt.created_at },
      { phase: 'starting', at: earlier(attempt.prepared_at, attempt.started_at) },
      {
        phase: 'running',
        at: attempt.working_at ?? started,
        ended: newest ? undefined : attempt.state
      },
      { phase: 'publishing', at: attempt.published_at && attempt.finished_at }
    );
    if (!newest || task.state === 'queued') {
      marks.push({ phase: 'queued', at: attempt.published_at ?? attempt.finished_at });
    }
  });
  return marks;
}

/** Who hands work over may hear of it only when it has begun. */
function earlier(prepared: Attempt['prepared_at'], started: Attempt['started_at']) {
  return prepared && started && Date.parse(started) < Date.parse(prepared) ? started : prepared;
}

/** Back from the task that ended last, each time to the need that ended last. */
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

/** Round times for the axis: about `wanted` of them, from 0. */
export function ticks(seconds: number, wanted = 6): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const rough = seconds / wanted;
  const step = steps.find(size => size >= rough) ?? Math.ceil(rough / 3600) * 3600;
  const count = Math.floor(seconds / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toFixed(1)));
}
