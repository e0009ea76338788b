/** The server's estimate as time passes: pure functions and their texts. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Estimate, Task } from '../../api/types';
import { TASK_DONE, attemptSeconds } from './reducer';

export interface IKnownEstimate extends Estimate {
  /** When it was requested. */
  at: number;
}

/** Format an estimate with its real precision: `40 s`, `3 min`, `2.5 h`. */
export function formatEstimate(seconds: number, trans: TranslationBundle): string {
  if (seconds < 90) {
    return trans.__('%1 s', Math.max(1, Math.round(seconds)));
  }
  if (seconds < 5400) {
    return trans.__('%1 min', Math.round(seconds / 60));
  }
  return trans.__('%1 h', (seconds / 3600).toFixed(1));
}

/** Return the usual or remaining time of an unfinished task; nothing if it never ran. */
export function taskEstimate(
  task: Task,
  known: IKnownEstimate | undefined,
  now: number,
  trans: TranslationBundle
): string {
  const usual = known?.nodes?.[task.node];
  if (!usual || TASK_DONE.has(task.state)) {
    return '';
  }
  const of = trans._n('last run', 'last %1 runs', usual.samples);
  const short = usual.seconds < 1;
  const usually = short ? trans.__('under a second') : formatEstimate(usual.seconds, trans);
  const elapsed = task.state === 'running' ? attemptSeconds(task, now) : undefined;
  if (elapsed === undefined || (short && elapsed < 1)) {
    const usualText = trans.__('usually %1 (%2)', usually, of);
    const starts = task.state === 'queued' ? remaining(usual.starts_in_seconds, known, now) : 0;
    return starts < 1
      ? usualText
      : `${usualText}, ${trans.__('starts in about %1', formatEstimate(starts, trans))}`;
  }
  const left = usual.seconds - elapsed;
  return left > 0
    ? trans.__('about %1 left of usually %2 (%3)', formatEstimate(left, trans), usually, of)
    : trans.__('longer than usual: %1 (%2)', usually, of);
}

function remaining(
  seconds: number | null | undefined,
  { at }: IKnownEstimate,
  now: number
): number {
  return (seconds ?? 0) - Math.max(0, now - at) / 1000;
}

/** Return the remaining time of a run; nothing if it is unknown, or if all may come from the cache. */
export function runEstimate(
  known: IKnownEstimate | undefined,
  tasks: readonly Task[],
  now: number,
  trans: TranslationBundle
): string {
  const left =
    known && !tasks.every(mayBeCached) ? remaining(known.remaining_seconds, known, now) : 0;
  return left > 0 ? trans.__('about %1 left', formatEstimate(left, trans)) : '';
}

/** Whether the result of a task is from the cache, or the cache was not searched yet. */
function mayBeCached(task: Task): boolean {
  const { state, cached } = task;
  return !!cached || state === 'waiting' || (state === 'queued' && !isHeldUp(task));
}

/** Whether a task is queued for more than its turn, such as for a quota. */
export function isHeldUp({ state, waits }: Task): boolean {
  return state === 'queued' && !!waits && waits.code !== 'waits-for-turn';
}
