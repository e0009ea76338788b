/** Finds ways for connections that do not run behind cards. */
import { Position } from '../../document/flow';

export interface IBounds {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The least distance between a card and a connection that goes around it. */
export const MARGIN = 12;
/** The distance that is added where there is room. */
export const ROOM = 24;
/** How many points of a curve are looked at. */
const STEPS = 16;

/** Return whether the curve between two ports, as React Flow draws it, runs behind a card. */
export function isCovered(from: Position, to: Position, cards: readonly IBounds[]): boolean {
  const reach = (to[0] - from[0]) / 2;
  for (let step = 1; step < STEPS; step++) {
    const t = step / STEPS;
    const s = 1 - t;
    const x =
      s * s * s * from[0] +
      3 * s * s * t * (from[0] + reach) +
      3 * s * t * t * (to[0] - reach) +
      t * t * t * to[0];
    const y = (s * s * s + 3 * s * s * t) * from[1] + (3 * s * t * t + t * t * t) * to[1];
    if (cards.some(card => x > card.left && x < card.right && y > card.top && y < card.bottom)) {
      return true;
    }
  }
  return false;
}

/** Return the free height between two columns of the diagram that makes the shortest way. */
export function freeHeight(from: number, to: number, cards: readonly IBounds[]): number {
  const middle = (from + to) / 2;
  let best = middle;
  let shortest = Number.POSITIVE_INFINITY;
  let top = Number.NEGATIVE_INFINITY;
  const consider = (end: number) => {
    if (top <= end) {
      const room = Math.min(ROOM, (end - top) / 2);
      const height = Math.min(Math.max(middle, top + room), end - room);
      const length = Math.abs(height - from) + Math.abs(height - to);
      if (length < shortest) {
        [best, shortest] = [height, length];
      }
    }
  };
  for (const card of [...cards].sort((upper, lower) => upper.top - lower.top)) {
    consider(card.top - MARGIN);
    top = Math.max(top, card.bottom + MARGIN);
  }
  consider(Number.POSITIVE_INFINITY);
  return best;
}

/** Return the path of a connection that passes cards at a free height. */
export function pathAround(from: Position, to: Position, cards: readonly IBounds[]): string {
  const between = cards.filter(({ left, right }) => right > from[0] && left < to[0]);
  const height = freeHeight(from[1], to[1], between);
  const passes = ({ top, bottom }: IBounds, end: number) =>
    bottom > Math.min(end, height) - MARGIN && top < Math.max(end, height) + MARGIN;
  const first = between.filter(card => passes(card, from[1])).map(({ left }) => left - MARGIN);
  const last = between.filter(card => passes(card, to[1])).map(({ right }) => right + MARGIN);
  const start = Math.max(from[0] + MARGIN, Math.min(from[0] + 60, ...first));
  const end = Math.min(to[0] - MARGIN, Math.max(to[0] - 60, ...last));
  const bend = (a: Position, b: Position) => {
    const x = (a[0] + b[0]) / 2;
    return `C${x},${a[1]} ${x},${b[1]} ${b[0]},${b[1]}`;
  };
  return `M${from[0]},${from[1]}${bend(from, [start, height])}H${end}${bend([end, height], to)}`;
}
