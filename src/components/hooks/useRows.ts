import { RefObject, useCallback, useLayoutEffect, useState } from 'react';
import { flushSync } from 'react-dom';

export interface IRows {
  /** The rows to draw: from `first`, up to but without `end`. */
  first: number;
  end: number;
  /** Scroll until a row is at the start, the middle or the end of the box. */
  scrollTo: (row: number, place: 'start' | 'center' | 'end') => void;
}

const PLACES = { start: 0, center: 0.5, end: 1 };

/**
 * Return which rows of equal heights are in view of the box that scrolls them, and `more` before and
 * after. The caller keeps the room of the others.
 */
export function useRows(
  box: RefObject<HTMLElement>,
  count: number,
  height: number,
  more: number
): IRows {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [[first, end], setSeen] = useState<readonly [number, number]>([0, 0]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the box may be drawn later
  useLayoutEffect(() => {
    // while another update waits, React does not skip an equal state
    if (box.current !== element) {
      setElement(box.current);
    }
  });
  const look = useCallback(
    ({ scrollTop, clientHeight }: HTMLElement) => {
      const from = Math.floor(scrollTop / height);
      const to = Math.ceil((scrollTop + clientHeight) / height);
      setSeen(seen => (seen[0] === from && seen[1] === to ? seen : [from, to]));
    },
    [height]
  );
  useLayoutEffect(() => {
    if (!element) {
      return;
    }
    look(element);
    const onScroll = () => flushSync(() => look(element)); // before the frame is painted
    const resized = new ResizeObserver(() => look(element));
    resized.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, [element, look]);
  const scrollTo = useCallback<IRows['scrollTo']>(
    (row, place) => {
      const { current } = box;
      if (current) {
        current.scrollTop = row * height - (current.clientHeight - height) * PLACES[place];
        look(current);
      }
    },
    [box, height, look]
  );
  const last = Math.min(count, end + more);
  return { first: Math.min(Math.max(0, first - more), last), end: last, scrollTo };
}

/** Return the numbers of the rows to draw. */
export function rowsOf({ first, end }: IRows): number[] {
  return Array.from({ length: end - first }, (_, at) => first + at);
}
