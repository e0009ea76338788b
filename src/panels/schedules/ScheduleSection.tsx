import { useState } from 'react';
import { Run, Schedule } from '../../api/types';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { useSignal } from '../../components/hooks/useSignal';
import { scheduleIcon } from '../../icons/startup';
import { reasonText } from '../../reasons';
import { EnabledSwitch } from '../frame/EnabledSwitch';
import { ListState } from '../frame/ListState';
import { OlderButton } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { RunStrip } from '../frame/RunStrip';
import { schedulesOf } from './collection';
import { dueText } from './due';
import { outcomeOf, resultsOf } from './results';
import { ScheduleInfo } from './ScheduleInfo';

const nameOf = ({ name }: Schedule) => name;

interface IScheduleSectionProps {
  services: IPanelServices;
  /** Triggers are listed below. */
  hasTriggers: boolean;
}

/** Schedules in the sidebar, above the triggers: when they run next, how the last run went. */
export function ScheduleSection({ services, hasTriggers }: IScheduleSectionProps): JSX.Element {
  const { yard, trans, commands } = services;
  const schedules = schedulesOf(yard);
  const items = useSignal(schedules.changed, () => schedules.items);
  const [chosen, setChosen] = useState<string>();
  const shown = items.find(({ id }) => id === chosen);
  const runs = useSignal(yard.runs.changed, () => yard.runs.items);
  const runsOf = ({ id }: Schedule) => runs.filter(({ origin }) => origin.source_id === id);
  const run = (verb: string) => (schedule: Schedule) =>
    void commands.execute(`nbyard:${verb}-schedule`, { id: schedule.id });
  return (
    <div className="nby-Section">
      <ListState collection={schedules} trans={trans}>
        {hasTriggers ? null : (
          <p className="nby-Note">
            {trans.__('Nothing yet. Choose Schedule… or Trigger… beside Run.')}
          </p>
        )}
      </ListState>
      <RowList
        label={trans.__('Schedules')}
        noun="schedule"
        items={items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={schedule => <Row schedule={schedule} runs={runsOf(schedule)} services={services} />}
        actions={schedule => (
          <EnabledSwitch
            services={services}
            noun="schedule"
            item={schedule}
            isFinished={isFinished(schedule)}
          />
        )}
        onOpen={run('edit')}
        selected={chosen}
        onSelect={({ id }) => setChosen(id === chosen ? undefined : id)}
        onDelete={run('delete')}
      />
      {shown && <ScheduleInfo services={services} schedule={shown} runs={runsOf(shown)} />}
      <OlderButton collection={schedules} trans={trans} />
    </div>
  );
}

interface IRowProps {
  schedule: Schedule;
  /** Its loaded runs, newest first. */
  runs: readonly Run[];
  services: IPanelServices;
}

function Row({ schedule, runs, services }: IRowProps): JSX.Element {
  const { trans } = services;
  const { name, next_due } = schedule;
  const tick = schedule.recent?.[0];
  const [run] = runs;
  // a run that was started by hand may be newer
  const isRun = !!run && (!tick || tick.run_id === run.id || tick.created_at < run.created_at);
  const state = isRun ? run.state : tick?.outcome === 'started' ? tick.run_state : tick?.outcome;
  const result = isRun ? stateText(run.state, trans) : tick ? outcomeOf(tick, services) : '';
  const last = result && trans.__('last: %1', result);
  const isActive = schedule.is_enabled && !isFinished(schedule);
  const ending = schedule.is_enabled ? trans.__('finished') : trans.__('disabled');
  const times = isActive ? reasonText(schedule.sentence, trans) : ending;
  const isBad = state === 'failed' || state === 'missed';
  const results = resultsOf(schedule, runs, services);
  const facts = (isBad ? [last, times] : [times, last]).filter(Boolean);
  return (
    <SideRow
      icon={scheduleIcon}
      accent={isBad ? 'failed' : isActive ? undefined : 'cancelled'}
      state={isBad ? last : undefined}
      name={name}
      aside={next_due && dueText(schedule, next_due, true)}
      detail={facts.join(' · ')}
      strip={!!results.length && <RunStrip results={results} trans={trans} />}
      title={[name, schedule.run.path, ...facts, next_due && dueText(schedule, next_due)]
        .filter(Boolean)
        .join('\n')}
    />
  );
}

/** Return whether an enabled schedule has no due time left, and none that waits for a run. */
function isFinished({ is_enabled, next_due, waiting }: Schedule): boolean {
  return is_enabled && !next_due && !waiting;
}
