import { Run, Schedule } from '../../api/types';
import { IRowHead } from '../../components/RowList';
import { IPanelServices } from '../frame/services';
import { resultsOf } from '../schedules/results';
import { RunStrip } from '../frame/RunStrip';

interface IGroups {
  /** The runs in the order of their groups. */
  items: readonly Run[];
  /** The heads of the groups by the ID of their first run. */
  heads: ReadonlyMap<string, IRowHead>;
}

/** Group runs by schedule, that with the newest run first; runs without a schedule are last. */
export function groupsOf(
  runs: readonly Run[],
  known: readonly Run[],
  schedules: readonly Schedule[],
  services: IPanelServices
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
  const heads = new Map<string, IRowHead>();
  for (const [id, group] of groups) {
    const schedule = byId.get(id);
    const own = known.filter(({ origin }) => origin.source_id === id);
    const results = resultsOf(schedule ?? {}, own.length ? own : group, services);
    heads.set(group[0].id, {
      name: schedule?.name ?? trans.__('Schedule of %1', group[0].title),
      aside: <RunStrip results={results} trans={trans} />
    });
  }
  if (others.length) {
    heads.set(others[0].id, { name: trans.__('Other runs') });
  }
  return { items: [...[...groups.values()].flat(), ...others], heads };
}
