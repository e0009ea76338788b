import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiClient, ApiError } from '../../api/client';

/** After the last key, before the server is asked, in milliseconds. */
const PAUSE = 250;

export interface ISuggestion {
  name: string;
  setName: (name: string) => void;
  /** Why it cannot be that name. */
  taken?: string;
  /** One like it that nothing has. */
  free?: string;
  /** The server has refused it. */
  refused: (why: string) => void;
}

/** A name for something new: at first a free one like `wanted`, then what is typed, with what the
 * server says of it. */
export function useSuggestion(client: ApiClient, wanted: string): ISuggestion {
  const [name, setName] = useState('');
  const [said, setSaid] = useState<{ taken?: string; free?: string }>({});
  const control = useRef<AbortController>();
  const ask = useCallback(
    async (asked: string, onFound: (found: { name: string; taken?: string }) => void) => {
      control.current?.abort();
      const { signal } = (control.current = new AbortController());
      try {
        onFound(await client.call('artifacts.suggest', { query: { name: asked }, signal }));
      } catch (error) {
        if (!signal.aborted && error instanceof ApiError && error.status === 422) {
          setSaid({ taken: error.details[0]?.message ?? error.message });
        }
      }
    },
    [client]
  );
  useEffect(() => {
    void ask(wanted, found => setName(found.name));
    return () => control.current?.abort();
  }, [ask, wanted]);
  const timer = useRef<number>();
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const look = useCallback(
    (asked: string) => ask(asked, ({ name: free, taken }) => setSaid(taken ? { taken, free } : {})),
    [ask]
  );
  return {
    name,
    setName: typed => {
      setName(typed);
      setSaid({});
      control.current?.abort();
      window.clearTimeout(timer.current);
      if (typed.trim()) {
        timer.current = window.setTimeout(() => void look(typed), PAUSE);
      }
    },
    ...said,
    refused: why => {
      setSaid({ taken: why });
      void look(name);
    }
  };
}
