import { ISignal } from '@lumino/signaling';
import { useCallback, useSyncExternalStore } from 'react';

/** A value that may be another one after each signal; equal values do not draw again. */
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
