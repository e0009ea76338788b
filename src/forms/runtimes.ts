/** Where work can run, as the server says. */
import { useEffect, useState } from 'react';

/** The choices: until they are known, and where they cannot be, what is chosen and a process. */
export function useRuntimes(
  asked: Promise<readonly string[]> | undefined,
  chosen: string
): readonly string[] {
  const [names, setNames] = useState<readonly string[]>(['process']);
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
