/** What an attempt recorded while it ran. */
import { useEffect, useState } from 'react';
import { Task } from '../../../api/types';
import { useNow } from '../../../components/format/times';

/** How often a running task is polled, in milliseconds. */
const PERIOD = 2000;

export interface IRecorded<T> {
  recorded?: T;
  problem?: string;
}

type Ask<T> = (node: string, attempt: number, signal: AbortSignal) => Promise<T>;

/** Return what is known so far; polled while the task runs and is visible. */
export function useRecorded<T>(
  ask: Ask<T>,
  run: string,
  task: Task | undefined,
  attempt: number
): IRecorded<T> {
  const [known, setKnown] = useState<IRecorded<T> & { of?: string }>({});
  const node = task?.node;
  const now = useNow(task?.state === 'running', PERIOD);
  const mark = `${task?.state} ${task?.attempts?.length}`;
  const of = `${run} ${node} ${attempt}`;
  useEffect(() => {
    if (!node) {
      return;
    }
    const control = new AbortController();
    ask(node, attempt, control.signal)
      .then(recorded => setKnown({ recorded, of }))
      .catch((error: Error) => {
        if (!control.signal.aborted) {
          setKnown({ problem: error.message, of });
        }
      });
    return () => control.abort();
    // what is asked differs with what it is asked of
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [node, attempt, of, now, mark]);
  return known.of === of ? known : {};
}
