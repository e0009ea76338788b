import { useEffect, useState } from 'react';
import type { ApiClient } from './client';
import type { Answer, OperationId, Question } from './operations';

interface IAnswered<T> {
  /** The newest answer; a failed request keeps it. */
  answer?: T;
  /** Why the last request failed, and its message. */
  error?: Error;
  problem?: string;
  /** Whether the server did not respond to this question yet. */
  isOld: boolean;
}

interface IWhen {
  /** Another value repeats the question. */
  turn?: unknown;
  /** The delay before the request, in milliseconds: while the user types, the server is not asked. */
  pause?: number;
}

/** Return what the server answers; nothing is requested while there is no question. */
export function useAnswer<Id extends OperationId>(
  client: Pick<ApiClient, 'call'>,
  id: Id,
  question: Question<Id> | undefined,
  { turn, pause = 0 }: IWhen = {}
): IAnswered<Answer<Id>> {
  const [known, setKnown] = useState<{ of?: string; answer?: Answer<Id>; error?: Error }>({});
  const asked = question && JSON.stringify(question);
  useEffect(() => {
    if (!asked) {
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    const ask = () =>
      client.call(id, { ...JSON.parse(asked), signal }).then(
        answer => signal.aborted || setKnown({ of: asked, answer }),
        error => signal.aborted || setKnown(({ answer }) => ({ of: asked, answer, error }))
      );
    const timer = pause ? window.setTimeout(() => void ask(), pause) : void ask();
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [client, id, asked, turn, pause]);
  const { of, answer, error } = known;
  return { answer, error, problem: error?.message, isOld: of !== asked };
}
