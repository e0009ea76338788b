/** State of a form that comes back after a reload of the page. */
import { createContext, Dispatch, SetStateAction, useContext, useEffect, useState } from 'react';
import { forget, recall, remember } from './sessionMemory';

/** The view that a form is in; forms elsewhere, such as in dialogs, keep no drafts. */
export const DraftOwner = createContext('');

/**
 * Return state as `useState` does, kept under a name in the view once it was changed. `stored`
 * returns the part of the state that may be stored: everything but secrets.
 */
export function useDraft<T>(
  name: string,
  first: () => T,
  stored: (value: T) => T = value => value
): [T, Dispatch<SetStateAction<T>>] {
  const owner = useContext(DraftOwner);
  const key = owner && `${owner}/${name}`;
  const [initial] = useState(() => {
    const kept = key ? recall<{ value: T }>(key) : undefined;
    return kept && 'value' in kept ? (kept.value as T) : first();
  });
  const [value, setValue] = useState(initial);
  useEffect(() => {
    if (key && value !== initial) {
      remember(key, { value: stored(value) });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `stored` belongs to the form
  }, [key, value, initial]);
  return [value, setValue];
}

/** Return how to delete a draft, or all drafts of the view, once a form was sent. */
export function useForgetDraft(): (name?: string) => void {
  const owner = useContext(DraftOwner);
  return name => {
    if (owner) {
      forget(name === undefined ? owner : `${owner}/${name}`);
    }
  };
}
