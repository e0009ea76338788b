/** From times of tasks to bars: pure arithmetic. */
import { RunDetail, Task } from '../api/types';
import { TASK_DONE } from './reducer';

export type Phase = 'queued' | 'preparing' | 'running';

/** A piece of a bar, in seconds from the start of the run. */
export interface ISegment {
  phase: Phase;
  from: number;
  to: number;
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

function segmentsOf(task: Task, origin: number, end: number): ISegment[] {
  const seconds = (at: string) => (Date.parse(at) - origin) / 1000;
  const live = !TASK_DONE.has(task.state);
  const finish = task.finished_at ? seconds(task.finished_at) : (end - origin) / 1000;
  const first = task.attempts?.[0]?.created_at;
  const marks: [Phase, number | undefined][] = [
    ['queued', task.queued_at ? seconds(task.queued_at) : undefined],
    ['preparing', first ? seconds(first) : undefined],
    ['running', task.started_at ? seconds(task.started_at) : undefined]
  ];
  const begun = marks.filter((mark): mark is [Phase, number] => mark[1] !== undefined);
  if (!begun.length || (!live && !task.finished_at)) {
    return [];
  }
  return begun
    .map(([phase, from], index) => ({
      phase,
      from: Math.max(0, from),
      to: Math.max(0, from, begun[index + 1]?.[1] ?? finish)
    }))
    .filter(({ phase, from, to }) => to > from || phase === 'running');
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
