import { Run, Schedule } from '../../api/types';
import { IPanelServices } from '../frame/services';
import { IResult, LAST, resultOf } from '../frame/RunStrip';
import { dueText } from './due';
import { outcomeOf } from './ScheduleInfo';

/** Return the results of the newest due times and of runs started by hand since, oldest first. */
export function resultsOf(
  schedule: Partial<Pick<Schedule, 'recent' | 'timing' | 'zone'>>,
  runs: readonly Run[],
  services: IPanelServices
): readonly IResult[] {
  const { recent = [] } = schedule;
  const byHand = runs.filter(
    ({ id, created_at }) =>
      recent.every(({ run_id }) => run_id !== id) && !(created_at <= recent[0]?.created_at)
  );
  const due = recent.map(tick => {
    // loaded runs are newer than the schedule
    const run_state = runs.find(({ id }) => id === tick.run_id)?.state ?? tick.run_state;
    const state = (tick.outcome === 'started' && run_state) || tick.outcome;
    const outcome = outcomeOf({ ...tick, run_state }, services);
    return { id: tick.id, state, label: `${dueText(schedule, tick.due_at)} ${outcome}` };
  });
  return [...byHand.map(run => resultOf(run, services.trans)), ...due].slice(0, LAST).reverse();
}
