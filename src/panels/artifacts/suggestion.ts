import { useCallback, useEffect, useRef, useState } from 'react';
import { useDraft } from '../../components/hooks/useDraft';
import { ApiClient, ApiError } from '../../api/client';

/** The delay after the last key before a request, in milliseconds. */
const PAUSE = 250;

export interface ISuggestion {
  name: string;
  setName: (name: string) => void;
  /** Whether the field is empty because the first free name has not arrived. */
  isAwaited: boolean;
  /** Why the name is unavailable. */
  taken?: string;
  /** A similar name that is free. */
  free?: string;
  /** Report a refusal of the server. */
  refused: (why: string) => void;
}

/**
 * Return a name for a new artifact: first a free one like `wanted`, then the typed one, with the
 * server's check.
 */
export function useSuggestion(client: ApiClient, wanted: string): ISuggestion {
  const [name, setName] = useDraft(`name/${wanted}`, () => '');
  const [restored] = useState(name);
  const [isTyped, setTyped] = useState(false);
  const [said, setSaid] = useState<{ taken?: string; free?: string }>({});
  const control = useRef<AbortController>();
  const ask = useCallback(
    async (asked: string, onAnswer: (suggestion: { name: string; taken?: string }) => void) => {
      control.current?.abort();
      const { signal } = (control.current = new AbortController());
      try {
        onAnswer(await client.call('artifacts.suggest', { query: { name: asked }, signal }));
      } catch (error) {
        if (!signal.aborted && error instanceof ApiError && error.status === 422) {
          setSaid({ taken: error.details[0]?.message ?? error.message });
        }
      }
    },
    [client]
  );
  useEffect(() => {
    void ask(restored || wanted, suggestion =>
      restored
        ? setSaid(suggestion.taken ? { taken: suggestion.taken, free: suggestion.name } : {})
        : setName(suggestion.name)
    );
    return () => control.current?.abort();
  }, [ask, wanted, restored, setName]);
  const timer = useRef<number>();
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const look = useCallback(
    (asked: string) => ask(asked, ({ name: free, taken }) => setSaid(taken ? { taken, free } : {})),
    [ask]
  );
  return {
    name,
    isAwaited: !name && !isTyped,
    setName: typed => {
      setTyped(true);
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
