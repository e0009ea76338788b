import { ISignal } from '@lumino/signaling';
import { useCallback, useSyncExternalStore } from 'react';

/** Return a value that a signal may change; equal values do not cause a redraw. */
export function useSignal<S, A, T>(signal: ISignal<S, A> | undefined, read: () => T): T {
  const subscribe = useCallback(
    (listener: () => void) => {
      const slot = () => listener();
      signal?.connect(slot);
      return () => void signal?.disconnect(slot);
    },
    [signal]
  );
  return useSyncExternalStore(subscribe, read);
}
