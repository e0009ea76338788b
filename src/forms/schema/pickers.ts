/** Searches the names that a field offers on the server. */
import { useEffect, useState } from 'react';
import type { ApiClient } from '../../api/client';
import { referenceOf } from '../referenceOf';

/** While the user types, the server is not asked. */
const PAUSE_MS = 200;
const OFFERED = 50;

export type Asker = Pick<ApiClient, 'call'>;
type Search = (client: Asker, query: { search: string; limit: number }) => Promise<string[]>;

const SEARCHES: Readonly<Record<string, Search>> = {
  dataset: async (client, query) =>
    (await client.call('datasets.list', { query })).items.map(referenceOf),
  environment: async (client, query) =>
    (await client.call('environments.list', { query })).items.map(referenceOf),
  // images that were built or pulled here
  image: async (client, query) =>
    (await client.call('images.list', { query })).items
      .filter(({ state }) => state === 'ready')
      .map(({ reference }) => reference),
  kernel: async client => (await client.call('kernels.list', {})).items.map(({ name }) => name),
  pattern: async () => ['*', '*.csv', '**/*.csv'],
  project: async (client, query) =>
    (await client.call('projects.list', { query })).items.map(referenceOf),
  time: async () => [
    ...['weekdays 8:00', 'every 15 minutes', 'in 2 hours', 'monday 9:30', '0 8 * * 1-5']
  ],
  // a browser without the list knows its own zone
  zone: async () => [
    'UTC',
    ...(Intl.supportedValuesOf?.('timeZone') ?? [Intl.DateTimeFormat().resolvedOptions().timeZone])
  ],
  // pushed copies have paths of their own
  workflow: async (client, query) =>
    (await client.call('workflows.list', { query })).items
      .filter(({ pushed_path }) => !pushed_path)
      .map(({ path }) => path)
};

/** Return names that match a text; none while the server does not respond, as they can be typed. */
export function usePicker(
  client: Asker | undefined,
  picker: string | undefined,
  text: string
): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!client || !picker) {
      return;
    }
    let isCurrent = true;
    const ask = () =>
      SEARCHES[picker](client, { search: text, limit: OFFERED }).then(
        offered => isCurrent && setNames([...new Set(offered)]),
        () => undefined
      );
    const timer = window.setTimeout(() => void ask(), text ? PAUSE_MS : 0);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
  }, [client, picker, text]);
  return names;
}
