import { Firing, Trigger } from '../../api/types';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { useSignal } from '../../components/hooks/useSignal';
import { triggerIcon } from '../../icons/items';
import { reasonText } from '../../reasons';
import { EnabledSwitch } from '../frame/EnabledSwitch';
import { ListState } from '../frame/ListState';
import { OlderButton } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { triggersOf } from './collection';

/** Triggers in the sidebar: what fires them, and what the last event led to. */
export function TriggerList({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const triggers = triggersOf(yard);
  const items = useSignal(triggers.changed, () => triggers.items);
  const run = (verb: string) => (trigger: Trigger) =>
    void commands.execute(`nbyard:${verb}-trigger`, { id: trigger.id });
  return (
    <div className="nby-Section">
      <ListState collection={triggers} trans={trans}>
        {null}
      </ListState>
      <RowList
        label={trans.__('Triggers')}
        noun="trigger"
        items={items}
        idOf={({ id }) => id}
        nameOf={({ name }) => name}
        render={trigger => (
          <SideRow
            icon={triggerIcon}
            accent={trigger.is_enabled ? undefined : 'cancelled'}
            name={trigger.name}
            aside=""
            detail={[
              trigger.is_enabled ? reasonText(trigger.sentence, trans) : trans.__('disabled'),
              trigger.recent?.length ? lastOf(trigger.recent[0], services) : ''
            ]
              .filter(Boolean)
              .join(' · ')}
            title={[trigger.name, trigger.run.path, trigger.address].filter(Boolean).join('\n')}
          />
        )}
        actions={trigger => <EnabledSwitch services={services} noun="trigger" item={trigger} />}
        onOpen={run('edit')}
        onSelect={() => undefined}
        onDelete={run('delete')}
      />
      <OlderButton collection={triggers} trans={trans} />
    </div>
  );
}

/** Return what the last event led to. */
function lastOf({ outcome, run_state, reason }: Firing, { trans }: IPanelServices): string {
  const outcomes: Record<Firing['outcome'], string> = {
    waiting: trans.__('waiting'),
    started: run_state ? stateText(run_state, trans) : trans.__('started'),
    overlapped: trans.__('skipped: %1', reasonText(reason, trans) ?? ''),
    failed: trans.__('not started: %1', reasonText(reason, trans) ?? '')
  };
  return trans.__('last: %1', outcomes[outcome]);
}
