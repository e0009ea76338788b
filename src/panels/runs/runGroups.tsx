import { Automation, Run } from '../../api/types';
import { IRowHead } from '../../components/RowList';
import { IPanelServices } from '../frame/services';
import { resultsOf } from '../automations/results';
import { RunStrip } from '../frame/RunStrip';

/** The last row of a group whose automation has older runs than those that are shown. */
export interface IMoreRuns {
  id: string;
  /** The search that finds all runs of the automation. */
  search: string;
}

interface IGroups {
  /** The rows in the order of their groups. */
  items: readonly (Run | IMoreRuns)[];
  /** The heads of the groups by the ID of their first row. */
  heads: ReadonlyMap<string, IRowHead>;
}

/**
 * Group runs by automation, that with the newest run first; runs without an automation are last.
 * With `isWhole`, automations whose runs are not among these have a group too.
 */
export function groupsOf(
  runs: readonly Run[],
  known: readonly Run[],
  automations: readonly Automation[],
  services: IPanelServices,
  isWhole: boolean
): IGroups {
  const { trans } = services;
  const byId = new Map(automations.map(automation => [automation.id, automation]));
  const groups = new Map<string, Run[]>();
  const others: Run[] = [];
  for (const run of runs) {
    const { kind, source_id: id } = run.origin;
    // an automation may be deleted, or older than those that are loaded
    if (byId.has(id) || kind === 'automation' || kind === 'backfill') {
      const group = groups.get(id) ?? [];
      group.push(run);
      groups.set(id, group);
    } else {
      others.push(run);
    }
  }
  // without a state, the run is deleted
  const startedBy = (id: string) =>
    ((isWhole && byId.get(id)?.recent) || []).filter(({ run_state }) => run_state);
  for (const { id } of automations) {
    if (startedBy(id).length && !groups.has(id)) {
      groups.set(id, []);
    }
  }
  const newest = ([id, [run]]: [string, Run[]]) => Date.parse((run ?? startedBy(id)[0]).created_at);
  const heads = new Map<string, IRowHead>();
  const items: (Run | IMoreRuns)[] = [];
  for (const [id, group] of [...groups].sort((a, b) => newest(b) - newest(a))) {
    const automation = byId.get(id);
    const own = known.filter(({ origin }) => origin.source_id === id);
    const results = resultsOf(automation ?? {}, own.length ? own : group, services);
    const rows: (Run | IMoreRuns)[] = [...group];
    const recent = startedBy(id);
    // the automation only has its last ten firings
    const hasOlder = recent.length > 9 && automation!.counts.started > group.length;
    if (hasOlder || recent.some(firing => group.every(run => run.id !== firing.run_id))) {
      // a quote in the name would end the filter
      const key = automation!.name.includes('"') ? id : automation!.name;
      rows.push({ id, search: `automation:"${key}"` });
    }
    heads.set(rows[0].id, {
      name: automation?.name ?? trans.__('Automation of %1', group[0].title),
      aside: <RunStrip results={results} trans={trans} />
    });
    items.push(...rows);
  }
  if (others.length) {
    heads.set(others[0].id, { name: trans.__('Other runs') });
  }
  return { items: [...items, ...others], heads };
}
