import { Run, Schedule } from '../../api/types';
import { IRowHead } from '../../components/RowList';
import { IPanelServices } from '../frame/services';
import { resultsOf } from '../schedules/results';
import { RunStrip } from '../frame/RunStrip';

/** The last row of a group whose schedule has older runs than those that are shown. */
export interface IMoreRuns {
  id: string;
  /** The search that finds all runs of the schedule. */
  search: string;
}

interface IGroups {
  /** The rows in the order of their groups. */
  items: readonly (Run | IMoreRuns)[];
  /** The heads of the groups by the ID of their first row. */
  heads: ReadonlyMap<string, IRowHead>;
}

/**
 * Group runs by schedule, that with the newest run first; runs without a schedule are last. With
 * `isWhole`, schedules whose runs are not among these have a group too.
 */
export function groupsOf(
  runs: readonly Run[],
  known: readonly Run[],
  schedules: readonly Schedule[],
  services: IPanelServices,
  isWhole: boolean
): IGroups {
  const { trans } = services;
  const byId = new Map(schedules.map(schedule => [schedule.id, schedule]));
  const groups = new Map<string, Run[]>();
  const others: Run[] = [];
  for (const run of runs) {
    const { kind, source_id: id } = run.origin;
    // a schedule may be deleted, or older than those that are loaded
    if (byId.has(id) || kind === 'schedule' || kind === 'backfill') {
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
  for (const { id } of schedules) {
    if (startedBy(id).length && !groups.has(id)) {
      groups.set(id, []);
    }
  }
  const newest = ([id, [run]]: [string, Run[]]) => Date.parse((run ?? startedBy(id)[0]).created_at);
  const heads = new Map<string, IRowHead>();
  const items: (Run | IMoreRuns)[] = [];
  for (const [id, group] of [...groups].sort((a, b) => newest(b) - newest(a))) {
    const schedule = byId.get(id);
    const own = known.filter(({ origin }) => origin.source_id === id);
    const results = resultsOf(schedule ?? {}, own.length ? own : group, services);
    const rows: (Run | IMoreRuns)[] = [...group];
    const recent = startedBy(id);
    // the schedule only has its last ten due times
    const hasOlder = recent.length > 9 && schedule!.counts.started > group.length;
    if (hasOlder || recent.some(tick => group.every(run => run.id !== tick.run_id))) {
      // a quote in the name would end the filter
      const key = schedule!.name.includes('"') ? id : schedule!.name;
      rows.push({ id, search: `schedule:"${key}"` });
    }
    heads.set(rows[0].id, {
      name: schedule?.name ?? trans.__('Schedule of %1', group[0].title),
      aside: <RunStrip results={results} trans={trans} />
    });
    items.push(...rows);
  }
  if (others.length) {
    heads.set(others[0].id, { name: trans.__('Other runs') });
  }
  return { items: [...items, ...others], heads };
}
