import { useState } from 'react';
import { Automation, Run } from '../../api/types';
import { CommandButton, LinkButton } from '../../components/Button';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { useSignal } from '../../components/hooks/useSignal';
import { triggerIcon } from '../../icons/items';
import { scheduleIcon } from '../../icons/startup';
import { reasonText } from '../../reasons';
import { ListState } from '../frame/ListState';
import { SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { RunStrip } from '../frame/RunStrip';
import { automationsOf } from './collection';
import { dueText, outcomeOf, resultsOf } from './results';

/** The most results that are listed of the chosen automation. */
const MOST = 10;

const textOf = ({ name, run }: Automation) => `${name} ${run.path}`;

/** Automations in the sidebar: when they run next, what fires them, how the last run went. */
export function AutomationSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const automations = automationsOf(yard);
  const search = useSearch(automations, textOf);
  const { items } = search;
  const [chosen, setChosen] = useState<string>();
  const shown = items.find(({ id }) => id === chosen);
  const runs = useSignal(yard.runs.changed, () => yard.runs.items);
  const partOf = (automation: Automation) => ({
    services,
    automation,
    runs: runs.filter(({ origin }) => origin.source_id === automation.id)
  });
  const run = (verb: string) => (automation: Automation) =>
    void commands.execute(`nbyard:${verb}-automation`, { id: automation.id });
  return (
    <div className="nby-Section">
      <ListState collection={automations} trans={trans}>
        <p className="nby-Note">
          {trans.__('Nothing yet. Choose Schedule… or Trigger… beside Run.')}
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search automations')} trans={trans} />
      <RowList
        label={trans.__('Automations')}
        noun="automation"
        items={items}
        idOf={({ id }) => id}
        nameOf={({ name }) => name}
        render={automation => <Row {...partOf(automation)} />}
        actions={automation => <EnabledSwitch services={services} automation={automation} />}
        onOpen={run('edit')}
        selected={chosen}
        onSelect={({ id }) => setChosen(id === chosen ? undefined : id)}
        onDelete={run('delete')}
      />
      {shown && <Info {...partOf(shown)} />}
    </div>
  );
}

interface IPartProps {
  services: IPanelServices;
  automation: Automation;
  /** Its loaded runs, newest first. */
  runs: readonly Run[];
}

function Row({ automation, runs, services }: IPartProps): JSX.Element {
  const { trans } = services;
  const { name, next_due, timing, is_enabled } = automation;
  const firing = automation.recent?.[0];
  const [run] = runs;
  // a run that was started by hand may be newer
  const isRun =
    !!run && (!firing || firing.run_id === run.id || firing.created_at < run.created_at);
  const fired = firing?.outcome === 'started' ? firing.run_state : firing?.outcome;
  const state = isRun ? run.state : fired;
  const result = isRun ? stateText(run.state, trans) : firing ? outcomeOf(firing, services) : '';
  const last = result && trans.__('last: %1', result);
  const isActive = is_enabled && !isFinished(automation);
  const ending = is_enabled ? trans.__('finished') : trans.__('disabled');
  const start = isActive ? reasonText(automation.sentence, trans) : ending;
  const isBad = state === 'failed' || state === 'missed';
  const results = resultsOf(automation, runs, services);
  const facts = (isBad ? [last, start] : [start, last]).filter(Boolean);
  return (
    <SideRow
      icon={timing ? scheduleIcon : triggerIcon}
      accent={isBad ? 'failed' : isActive ? undefined : 'cancelled'}
      state={isBad ? last : undefined}
      name={name}
      owner={automation.owner}
      aside={next_due && dueText(automation, next_due, true)}
      detail={facts.join(' · ')}
      strip={!!results.length && <RunStrip results={results} trans={trans} />}
      title={[
        ...[name, automation.run.path, automation.address, ...facts],
        next_due && dueText(automation, next_due)
      ]
        .filter(Boolean)
        .join('\n')}
    />
  );
}

/** The switch of a row: off, and not to be used, if nothing is left to start. */
function EnabledSwitch({ automation, services }: Omit<IPartProps, 'runs'>): JSX.Element {
  const { commands, trans } = services;
  const { id, is_enabled } = automation;
  const isOver = isFinished(automation);
  const command = `nbyard:${is_enabled ? 'disable' : 'enable'}-automation`;
  return (
    <button
      type="button"
      role="switch"
      className="nby-Switch"
      tabIndex={-1}
      aria-label={trans.__('Enabled')}
      aria-checked={is_enabled && !isOver}
      disabled={isOver}
      title={isOver ? trans.__('finished') : commands.label(command)}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(command, { id });
      }}
    />
  );
}

/** The chosen automation: what it runs, when, and its newest runs with the causes of failures. */
function Info({ services, automation, runs }: IPartProps): JSX.Element {
  const { trans, commands } = services;
  const { id, name, run, next_due, timing } = automation;
  const results = resultsOf(automation, runs, services, MOST).slice().reverse();
  const next = next_due
    ? trans.__('next: %1', dueText(automation, next_due))
    : trans.__('no next run');
  return (
    <section className="nby-AutomationInfo" aria-label={trans.__('Automation %1', name)}>
      <p className="nby-Note">
        {[run.path, reasonText(automation.sentence, trans)].filter(Boolean).join(' · ')}
        <br />
        {timing && next}
      </p>
      {!!results.length && <p className="nby-Note">{trans.__('Last runs')}</p>}
      {results.map(({ id: key, label, run: started }) => (
        <p key={key} className="nby-Note">
          {started ? (
            <LinkButton
              onClick={() => void commands.execute('nbyard:show-run', { id: started.id })}
            >
              {label}
            </LinkButton>
          ) : (
            label
          )}
          {started?.reason && ` · ${reasonText(started.reason, trans)}`}
        </p>
      ))}
      {['fire', 'edit', 'delete'].map(verb => (
        <CommandButton
          key={verb}
          commands={commands}
          id={`nbyard:${verb}-automation`}
          args={{ id }}
        />
      ))}
    </section>
  );
}

/** Return whether an enabled automation has no due time left, and none that waits for a run. */
function isFinished({ is_enabled, timing, next_due, waiting }: Automation): boolean {
  return is_enabled && !!timing && !next_due && !waiting;
}
