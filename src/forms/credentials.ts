import { ServerConnection } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { ApiClient } from '../api/client';

const MOST = 500;

/** Return the names of credentials, requested when a field needs them. */
export function useCredentials(isWanted: boolean): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    const client = new ApiClient(ServerConnection.makeSettings());
    const asked = client.call('credentials.list', { query: { limit: MOST } });
    // without names, the field is empty and says so
    void asked.then(page => setNames(page.items.map(({ name }) => name))).catch(() => undefined);
  }, [isWanted]);
  return names;
}
