import { useState } from 'react';
import { isLive, Run } from '../../api/types';
import { Button, CommandButton } from '../../components/Button';
import { mayChange } from '../../components/format/roles';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { showAgo, showMoment, showSeconds } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { stateIcon } from '../../icons/items';
import { scheduleIcon } from '../../icons/startup';
import { reasonText } from '../../reasons';
import { secondsOf, shownState } from '../../runs/model/reducer';
import { shownRun } from '../../runs/model/shownRun';
import { openSections } from '../frame/openSections';
import { OlderButton, SearchBox } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { automationsOf } from '../automations/collection';
import { RunDetail } from './RunDetail';
import { groupsOf, IMoreRuns } from './runGroups';
import { comparing, MarkedRuns } from './search/MarkedRuns';
import { FILTER_NAMES, MOST_FOUND, noneText, useRunSearch } from './search/runSearch';
import { resultOf, resultsUpTo, RunStrip } from '../frame/RunStrip';

/** More rows come with each click. */
const SHOWN = 30;
/** The name of the choice among those of the sidebar. */
const GROUPED = 'runs-by-automation';

/** The newest runs, or those that match a search. */
export function RunSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { runs } = yard;
  const known = useSignal(runs.changed, () => runs.items);
  const search = useRunSearch(yard);
  const { items, matches } = search;
  const [shown, setShown] = useState(SHOWN);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const chosen = items.filter(({ id }) => marked.has(id));
  const clear = () => setMarked(new Set());
  const compare = comparing(services, chosen, clear);
  const automations = automationsOf(yard);
  const offered = useSignal(automations.changed, () => automations.items);
  const isGrouped = useSignal(openSections.changed, () => !!openSections.get(GROUPED));
  const page = items.slice(0, shown);
  const groups =
    isGrouped && search.offered
      ? groupsOf(page, known, offered, services, !search.text)
      : { items: page };
  const allRuns = trans.__('Show All Runs');
  const open = (row: Run | IMoreRuns, args = {}) =>
    isMore(row)
      ? search.setText(row.search)
      : void commands.execute('nbyard:show-run', { id: row.id, ...args });
  const inRunInfo = useSignal(shownRun.changed, () => shownRun.id);
  return (
    <div className="nby-Section">
      <ListState collection={runs} trans={trans}>
        <p className="nby-Note">
          {trans.__('No runs yet. Run a workflow, or a notebook in the background.')}
        </p>
      </ListState>
      <SearchBox
        search={search}
        label={trans.__('Search runs')}
        hint={trans.__('Words and filters: %1', FILTER_NAMES)}
        none={matches?.problem ?? noneText(matches?.text ?? '', trans)}
        trans={trans}
      >
        {(isGrouped || !!offered.length) && (
          <Button
            aria-pressed={isGrouped}
            aria-label={trans.__('Group by Automation')}
            title={trans.__('Group by Automation')}
            onClick={() => openSections.set(GROUPED, !isGrouped)}
          >
            <scheduleIcon.react tag="span" className="nby-Icon" />
          </Button>
        )}
      </SearchBox>
      <RowList
        label={trans.__('Runs')}
        noun={row => (isMore(row) ? '' : 'run')}
        marked={marked}
        selected={inRunInfo}
        onMark={ids => setMarked(new Set(items.map(({ id }) => id).filter(id => ids.has(id))))}
        keys={compare && { c: compare }}
        {...groups}
        beyond={items.length - page.length}
        idOf={({ id }) => id}
        nameOf={row => (isMore(row) ? allRuns : row.name || row.title)}
        render={row =>
          isMore(row) ? (
            <span className="nby-Link">{allRuns}</span>
          ) : (
            <Row run={row} runs={known} services={services} />
          )
        }
        actions={run =>
          !isMore(run) && isLive(run) && mayChange(run) ? (
            <CommandButton
              commands={commands}
              id="nbyard:cancel-run"
              args={{ id: run.id }}
              tabIndex={-1}
              bare
            />
          ) : undefined
        }
        onOpen={row => open(row)}
        onSelect={row => open(row, { quiet: true })}
        onDelete={row => isMore(row) || void commands.execute('nbyard:delete-run', { id: row.id })}
      />
      <MarkedRuns count={chosen.length} {...{ compare, clear, services }} />
      {items.length > shown ? (
        <p className="nby-Note">
          <Button onClick={() => setShown(shown + SHOWN)}>{trans.__('Show Older')}</Button>
        </p>
      ) : matches?.isPart ? (
        <p className="nby-Note">
          {trans.__(
            'The newest %1 matches. Narrow the search with since:2026-01-31, until: or workflow:.',
            MOST_FOUND
          )}
        </p>
      ) : (
        !matches && <OlderButton collection={runs} trans={trans} />
      )}
    </div>
  );
}

const isMore = (row: Run | IMoreRuns): row is IMoreRuns => 'search' in row;

interface IRowProps {
  run: Run;
  runs: readonly Run[];
  services: IPanelServices;
}

function Row({ run, runs, services }: IRowProps): JSX.Element {
  const { trans, yard } = services;
  const { created_at } = run;
  const state = shownState(run);
  const results = resultsUpTo(run, runs, yard.workflows.items).map(result =>
    resultOf(result, trans)
  );
  return (
    <SideRow
      icon={stateIcon(state)}
      accent={state}
      state={stateText(state, trans)}
      name={run.name || run.title}
      owner={run.owner}
      aside={<Time run={run} services={services} />}
      detail={<RunDetail run={run} services={services} />}
      strip={<RunStrip results={results} trans={trans} />}
      title={[reasonText(run.reason, trans), showMoment(created_at)].filter(Boolean).join('\n')}
    />
  );
}

/** How long a live run takes, or when it was created; only this is drawn each second. */
function Time({ run, services }: { run: Run; services: IPanelServices }): JSX.Element {
  const { yard, trans } = services;
  const now = useAgoNow(yard.stream, isLive(run));
  return (
    <>{isLive(run) ? showSeconds(secondsOf(run, now)) : showAgo(run.created_at, now, trans)}</>
  );
}
