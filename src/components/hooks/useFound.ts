import { useEffect, useState } from 'react';

/** The delay after the last key before a request, in milliseconds. */
export const PAUSE = 250;

const NONE: readonly never[] = [];

/**
 * Return what the server finds for a text; nothing without a search or a text. Until the response,
 * that is what it found for the text before.
 */
export function useFound<T>(
  search: ((text: string) => Promise<readonly T[]>) | undefined,
  text: string
): readonly T[] {
  const [found, setFound] = useState<readonly T[]>(NONE);
  const asked = text.trim();
  useEffect(() => {
    if (!search || !asked) {
      setFound(NONE);
      return;
    }
    let isCurrent = true;
    const timer = window.setTimeout(() => {
      search(asked).then(
        items => isCurrent && setFound(items),
        () => undefined // known items stay
      );
    }, PAUSE);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
  }, [search, asked]);
  return found;
}
