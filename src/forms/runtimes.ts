/** Where work can run and with what, as the server says. */
import { useEffect, useState } from 'react';

const ALWAYS = ['process'];

/** The choices: until they are known, and where they cannot be, what is chosen and a process. */
export function useRuntimes(
  asked: Promise<readonly string[]> | undefined,
  chosen: string
): readonly string[] {
  return useNames(asked, chosen, ALWAYS);
}

/** The same for other names, of which there may be none. */
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
