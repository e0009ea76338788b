import { createContext, useEffect, useState } from 'react';
import { CardNode } from '../model/flowStore';

/** How long cards rest before all connections are drawn again, in milliseconds. */
const REST = 150;

/** The places and heights of all cards when they last rested. */
export const Settled = createContext('');

/** Return the places and heights of all cards when they last rested. A drag changes nothing. */
export function useSettled(nodes: readonly CardNode[]): string {
  const [places, setPlaces] = useState('');
  useEffect(() => {
    const timer = window.setTimeout(
      () =>
        setPlaces(
          String(nodes.map(({ position: { x, y }, measured }) => [x, y, measured?.height]))
        ),
      REST
    );
    return () => window.clearTimeout(timer);
  }, [nodes]);
  return places;
}
