import { PromiseDelegate } from '@lumino/coreutils';
import { useEffect, useState } from 'react';

/** The other lists do not wait longer than this for the first one. */
const LONGEST_MS = 500;

/** Load a list, and return what resolves when others may load: after it, at most half a second. */
export function useFirst(list: { start: () => Promise<unknown> }): Promise<void> {
  const [first] = useState(() => new PromiseDelegate<void>());
  useEffect(() => {
    const resolve = () => first.resolve();
    const timer = setTimeout(resolve, LONGEST_MS);
    list.start().then(resolve, resolve);
    return () => clearTimeout(timer);
  }, [list, first]);
  return first.promise;
}
