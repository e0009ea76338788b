import { Automation, Firing, Run } from '../../api/types';
import { showDue } from '../../components/format/times';
import { stateText } from '../../components/StateMark';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { IResult, LAST, resultOf } from '../frame/RunStrip';

/** Return a time in the zone that the sentence of its automation names, else the browser's. */
export function dueText(
  { timing, zone }: Partial<Pick<Automation, 'timing' | 'zone'>>,
  at: string,
  isShort?: boolean
): string {
  return showDue(at, timing?.kind === 'interval' ? undefined : zone || undefined, isShort);
}

/** Return the results of the newest firings and of runs started by hand since, oldest first. */
export function resultsOf(
  automation: Partial<Pick<Automation, 'recent' | 'timing' | 'zone'>>,
  runs: readonly Run[],
  services: IPanelServices,
  most = LAST
): readonly IResult[] {
  const { recent = [] } = automation;
  const byHand = runs.filter(
    ({ id, created_at }) =>
      recent.every(({ run_id }) => run_id !== id) && !(created_at <= recent[0]?.created_at)
  );
  const fired = recent.map(firing => {
    // loaded runs are newer than the automation
    const loaded = runs.find(({ id }) => id === firing.run_id);
    const run = loaded ?? (firing.run_id ? { id: firing.run_id } : undefined);
    const run_state = loaded?.state ?? firing.run_state;
    const state = (firing.outcome === 'started' && run_state) || firing.outcome;
    const outcome = outcomeOf({ ...firing, run_state }, services);
    const at = dueText(automation, firing.due_at ?? firing.created_at);
    return { id: firing.id, state, run, label: `${at} ${outcome}` };
  });
  return [...byHand.map(run => resultOf(run, services.trans)), ...fired].slice(0, most).reverse();
}

/** Return what a due time or an event led to. */
export function outcomeOf(firing: Firing, { trans }: IPanelServices): string {
  const { outcome, run_state, reason } = firing;
  const why = reasonText(reason, trans) ?? '';
  switch (outcome) {
    case 'started':
      return run_state ? stateText(run_state, trans) : trans.__('started');
    case 'missed':
      return trans.__('missed');
    case 'overlapped':
      return trans.__('skipped: %1', why);
    case 'failed':
      return trans.__('not started: %1', why);
    default:
      return stateText(outcome, trans);
  }
}
