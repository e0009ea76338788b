/** Searches the names that a field offers on the server. */
import { useEffect, useState } from 'react';
import type { ApiClient } from '../../api/client';

/** While the user types, the server is not asked. */
const PAUSE_MS = 200;
const OFFERED = 50;

export type Asker = Pick<ApiClient, 'call'>;
type Search = (client: Asker, query: { search: string; limit: number }) => Promise<string[]>;

const SEARCHES: Readonly<Record<string, Search>> = {
  environment: async (client, query) =>
    (await client.call('environments.list', { query })).items.map(({ name }) => name),
  // images that were built or pulled here
  image: async (client, query) =>
    (await client.call('images.list', { query })).items
      .filter(({ state }) => state === 'ready')
      .map(({ reference }) => reference),
  project: async (client, query) =>
    (await client.call('projects.list', { query })).items.map(({ name }) => name)
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
