import { startTransition, useEffect, useState } from 'react';

/** As many rows as a high window shows. */
const FIRST = 30;

/** Return how many of `count` rows to draw: the first ones at once, the others after these. */
export function useDrawn(count: number): number {
  const [isWhole, setWhole] = useState(false);
  const isLong = count > FIRST;
  useEffect(() => {
    if (isLong) {
      startTransition(() => setWhole(true));
    }
  }, [isLong]);
  return isWhole ? count : Math.min(count, FIRST);
}
