import { Schedule, Tick } from '../../api/types';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { showMoment } from '../../components/format/times';
import { useSignal } from '../../components/hooks/useSignal';
import { scheduleIcon } from '../../icons/items';
import { reasonText } from '../../reasons';
import { EnabledSwitch } from '../frame/EnabledSwitch';
import { ListState } from '../frame/ListState';
import { OlderButton } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { schedulesOf } from './collection';

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
  const run = (verb: string) => (one: Schedule) =>
    void commands.execute(`nbyard:${verb}-schedule`, { id: one.id });
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
        render={one => (
          <SideRow
            icon={scheduleIcon}
            accent={one.is_enabled ? undefined : 'cancelled'}
            name={one.name}
            aside={one.next_due ? showNext(one.next_due) : ''}
            detail={[
              one.is_enabled ? reasonText(one.sentence, trans) : trans.__('disabled'),
              one.recent?.length ? lastOf(one.recent[0], services) : ''
            ]
              .filter(Boolean)
              .join(' · ')}
            title={[one.name, one.run.path, showMoment(one.next_due)].filter(Boolean).join('\n')}
          />
        )}
        actions={one => <EnabledSwitch services={services} noun="schedule" item={one} />}
        onOpen={run('edit')}
        onSelect={() => undefined}
        onDelete={run('delete')}
      />
      <OlderButton collection={schedules} trans={trans} />
    </div>
  );
}

/** Return the time of a due time, with its day: "Thu 08:00". */
function showNext(at: string): string {
  return new Date(at).toLocaleString(undefined, {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** Return what the last due time led to. */
function lastOf({ outcome, run_state, reason }: Tick, { trans }: IPanelServices): string {
  const outcomes: Record<Tick['outcome'], string> = {
    waiting: trans.__('waiting'),
    started: run_state ? stateText(run_state, trans) : trans.__('started'),
    missed: trans.__('missed'),
    overlapped: trans.__('skipped, as the earlier run was still running'),
    failed: trans.__('not started: %1', reasonText(reason, trans) ?? '')
  };
  return trans.__('last: %1', outcomes[outcome]);
}
