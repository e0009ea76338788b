import { Run, Schedule } from '../../api/types';
import { showMoment } from '../../components/format/times';
import { IPanelServices } from '../frame/services';
import { IResult, LAST, resultOf } from '../frame/RunStrip';
import { outcomeOf } from './ScheduleInfo';

/** Return the results of the newest due times and of runs started by hand since, oldest first. */
export function resultsOf(
  { recent = [] }: Partial<Pick<Schedule, 'recent'>>,
  runs: readonly Run[],
  services: IPanelServices
): readonly IResult[] {
  const byHand = runs.filter(
    ({ id, created_at }) =>
      recent.every(({ run_id }) => run_id !== id) && !(created_at <= recent[0]?.created_at)
  );
  const due = recent.map(tick => {
    // loaded runs are newer than the schedule
    const run_state = runs.find(({ id }) => id === tick.run_id)?.state ?? tick.run_state;
    const state = (tick.outcome === 'started' && run_state) || tick.outcome;
    const outcome = outcomeOf({ ...tick, run_state }, services);
    return { id: tick.id, state, label: `${showMoment(tick.due_at)} ${outcome}` };
  });
  return [...byHand.map(run => resultOf(run, services.trans)), ...due].slice(0, LAST).reverse();
}
