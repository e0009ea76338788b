import { Schedule, Tick } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { stateText } from '../../components/StateMark';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { dueText } from './due';

interface IScheduleInfoProps {
  services: IPanelServices;
  schedule: Schedule;
}

/** The chosen schedule: what it runs, when, and its newest runs. */
export function ScheduleInfo({ services, schedule }: IScheduleInfoProps): JSX.Element {
  const { trans, commands } = services;
  const { id, name, run, next_due, recent = [] } = schedule;
  return (
    <section className="nby-ScheduleInfo" aria-label={trans.__('Schedule %1', name)}>
      <p className="nby-Note">
        {[run.path, reasonText(schedule.sentence, trans)].filter(Boolean).join(' · ')}
        <br />
        {next_due ? trans.__('next: %1', dueText(schedule, next_due)) : trans.__('no next run')}
      </p>
      {recent.map(tick => (
        <p key={tick.id} className="nby-Note">
          {tick.run_id ? (
            <button
              type="button"
              className="nby-Link"
              onClick={() => void commands.execute('nbyard:show-run', { id: tick.run_id })}
            >
              {dueText(schedule, tick.due_at)}
            </button>
          ) : (
            dueText(schedule, tick.due_at)
          )}{' '}
          · {outcomeOf(tick, services)}
        </p>
      ))}
      <CommandButton commands={commands} id="nbyard:edit-schedule" args={{ id }} />
    </section>
  );
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
