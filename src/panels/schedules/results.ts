import { Run, Schedule, Tick } from '../../api/types';
import { stateText } from '../../components/StateMark';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { IResult, LAST, resultOf } from '../frame/RunStrip';
import { dueText } from './due';

/** Return the results of the newest due times and of runs started by hand since, oldest first. */
export function resultsOf(
  schedule: Partial<Pick<Schedule, 'recent' | 'timing' | 'zone'>>,
  runs: readonly Run[],
  services: IPanelServices,
  most = LAST
): readonly IResult[] {
  const { recent = [] } = schedule;
  const byHand = runs.filter(
    ({ id, created_at }) =>
      recent.every(({ run_id }) => run_id !== id) && !(created_at <= recent[0]?.created_at)
  );
  const due = recent.map(tick => {
    // loaded runs are newer than the schedule
    const loaded = runs.find(({ id }) => id === tick.run_id);
    const run = loaded ?? (tick.run_id ? { id: tick.run_id } : undefined);
    const run_state = loaded?.state ?? tick.run_state;
    const state = (tick.outcome === 'started' && run_state) || tick.outcome;
    const outcome = outcomeOf({ ...tick, run_state }, services);
    return { id: tick.id, state, run, label: `${dueText(schedule, tick.due_at)} ${outcome}` };
  });
  return [...byHand.map(run => resultOf(run, services.trans)), ...due].slice(0, most).reverse();
}

/** Return what a due time led to. */
export function outcomeOf({ outcome, run_state, reason }: Tick, { trans }: IPanelServices): string {
  const outcomes: Record<Tick['outcome'], string> = {
    waiting: trans.__('waiting'),
    started: run_state ? stateText(run_state, trans) : trans.__('started'),
    missed: trans.__('missed'),
    overlapped: trans.__('skipped, as the earlier run was still running'),
    failed: trans.__('not started: %1', reasonText(reason, trans) ?? '')
  };
  return outcomes[outcome];
}
