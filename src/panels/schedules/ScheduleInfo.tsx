import { Run, Schedule } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { dueText } from './due';
import { resultsOf } from './results';

interface IScheduleInfoProps {
  services: IPanelServices;
  schedule: Schedule;
  /** Its loaded runs, newest first. */
  runs: readonly Run[];
}

/** The most results that are listed. */
const MOST = 10;

/** The chosen schedule: what it runs, when, and its newest runs with the causes of failures. */
export function ScheduleInfo({ services, schedule, runs }: IScheduleInfoProps): JSX.Element {
  const { trans, commands } = services;
  const { id, name, run, next_due } = schedule;
  const results = resultsOf(schedule, runs, services, MOST).slice().reverse();
  return (
    <section className="nby-ScheduleInfo" aria-label={trans.__('Schedule %1', name)}>
      <p className="nby-Note">
        {[run.path, reasonText(schedule.sentence, trans)].filter(Boolean).join(' · ')}
        <br />
        {next_due ? trans.__('next: %1', dueText(schedule, next_due)) : trans.__('no next run')}
      </p>
      {!!results.length && <p className="nby-Note">{trans.__('Last runs')}</p>}
      {results.map(({ id: key, label, run: started }) => (
        <p key={key} className="nby-Note">
          {started ? (
            <button
              type="button"
              className="nby-Link"
              onClick={() => void commands.execute('nbyard:show-run', { id: started.id })}
            >
              {label}
            </button>
          ) : (
            label
          )}
          {started?.reason && ` · ${reasonText(started.reason, trans)}`}
        </p>
      ))}
      {['run', 'edit', 'delete'].map(verb => (
        <CommandButton
          key={verb}
          commands={commands}
          id={`nbyard:${verb}-schedule`}
          args={{ id }}
        />
      ))}
    </section>
  );
}
