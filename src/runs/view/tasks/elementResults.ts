/** What the elements of a map produced: their metrics, and small pictures of those in view. */
import { useEffect, useMemo, useReducer, useState } from 'react';
import { addressOf } from '../../../api/addresses';
import { Task } from '../../../api/types';
import { ALL } from '../../../document/maps/map';
import { Previews } from '../../canvas/previews';
import { Metrics } from '../../model/maps/best';
import { ElementTask } from '../../model/maps/elements';
import { useServices } from '../context/hooks';

/** Larger tables of results are not read for their metrics. */
const MOST_BYTES = 16 << 20;
/** The metrics of a larger map are read once it ended. */
const MOST_LIVE = 1000;
const NO_METRICS: Metrics = new Map();

/** Return the previews of a run; a component that uses them is drawn again when some arrive. */
export function usePreviews(run: string): { previews: Previews; round: number } {
  const { yard, trans } = useServices();
  const [round, draw] = useReducer((count: number) => count + 1, 0);
  const previews = useMemo(
    () => new Previews(yard.client, run, trans, draw),
    [yard.client, run, trans]
  );
  useEffect(() => () => previews.dispose(), [previews]);
  return { previews, round };
}

/** Return the metrics of elements: those that ended so far, and at the end those of all results. */
export function useMetrics(
  map: Task,
  list: readonly ElementTask[],
  { previews, round }: ReturnType<typeof usePreviews>
): Metrics {
  const all = useCollected(map);
  return useMemo(() => {
    const isRead = all || map.finished_at || list.length > MOST_LIVE;
    const ended = isRead ? [] : list.filter(({ state }) => state === 'succeeded');
    const known = ended.map(({ node, element }) => {
      const metrics = previews.get(node)?.metrics ?? [];
      const values = metrics.map(({ name, value }) => [name, asNumber(value)] as const);
      return [element.key, Object.fromEntries(values)] as const;
    });
    return all ?? new Map(known);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `round` counts the previews
  }, [all, map.finished_at, list, previews, round]);
}

const asNumber = (text: string) => (Number.isFinite(Number(text)) ? Number(text) : text);

/** Return the metrics in the table of all results, which exists once the map ended. */
function useCollected({ artifacts = [] }: Task): Metrics | undefined {
  const { yard } = useServices();
  const [metrics, setMetrics] = useState<Metrics>();
  const table = artifacts.find(({ name, size_bytes }) => name === ALL && size_bytes < MOST_BYTES);
  const id = table?.id;
  useEffect(() => {
    setMetrics(undefined);
    if (id === undefined) {
      return;
    }
    const control = new AbortController();
    const url = addressOf(yard.client, 'artifacts.content', { path: { artifact: id } });
    yard.client
      .request(url, { method: 'GET', signal: control.signal })
      .then(response => response.text())
      .then(text => setMetrics(readMetrics(text)))
      // the table has no columns for them
      .catch(() => control.signal.aborted || setMetrics(NO_METRICS));
    return () => control.abort();
  }, [yard, id]);
  return metrics;
}

/** Return the metrics in a table of JSON lines. */
export function readMetrics(text: string): Metrics {
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { key: string; metrics?: Record<string, number> });
  return new Map(rows.map(({ key, metrics = {} }) => [key, metrics]));
}
