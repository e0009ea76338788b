/** Loads the available runtimes and kernels. */
import { useEffect, useState } from 'react';

const ALWAYS = ['process'];

/** Return the choices; until they are known, the chosen one and `process`. */
export function useRuntimes(
  asked: Promise<readonly string[]> | undefined,
  chosen: string
): readonly string[] {
  return useNames(asked, chosen, ALWAYS);
}

/** Return the choices for other names, which may be empty. */
export function useNames(
  asked: Promise<readonly string[]> | undefined,
  chosen: string,
  always: readonly string[] = []
): readonly string[] {
  const [names, setNames] = useState(always);
  useEffect(() => {
    let isCurrent = true;
    asked?.then(
      found => isCurrent && setNames(found),
      () => undefined
    );
    return () => {
      isCurrent = false;
    };
  }, [asked]);
  return chosen && !names.includes(chosen) ? [...names, chosen] : names;
}
