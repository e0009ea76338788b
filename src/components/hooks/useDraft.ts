/** State of a form that comes back after a reload of the page. */
import { createContext, Dispatch, SetStateAction, useContext, useEffect, useState } from 'react';
import { forget, recall, remember } from './sessionMemory';

/** The view or dialog that a form is in; a form without one keeps no draft. */
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

/** Return the owner of drafts in a dialog: they belong to the values that they were typed over. */
export function dialogOwner(title: string, first: object): string {
  return `dialog/${JSON.stringify([title, first])}`;
}

/**
 * Return the values of a dialog's form, and how to change them. They are kept in `draft`, which the
 * dialog sends and shows again after a refusal, and for a reload of the page. `stored` returns the
 * part that may be stored: everything but secrets.
 */
export function useDialogDraft<T extends object>(
  draft: T,
  stored: (draft: T) => Partial<T> = all => all
): [T, (part: Partial<T>) => void] {
  const owner = useContext(DraftOwner);
  const key = owner && `${owner}/typed`;
  const [shown, setShown] = useState(() => ({ ...Object.assign(draft, key && recall<T>(key)) }));
  const change = (part: Partial<T>) => {
    Object.assign(draft, part);
    setShown({ ...draft });
    if (key) {
      remember(key, stored(draft));
    }
  };
  return [shown, change];
}
