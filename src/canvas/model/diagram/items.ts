/** Items of the diagram: the size of a comment, and lists that keep what did not change. */
import { naturally } from '../../../components/format/names';
import { JsonObject } from '../../../document/canonical';

/** Below all nodes, even while it is selected: React Flow then adds 1000. */
export const BEHIND = -1001;

/** Return the width and the height of a comment. */
export function sizeOf({ size }: JsonObject): [number, number] {
  return Array.isArray(size) ? [Number(size[0]), Number(size[1])] : [240, 120];
}

interface ICard {
  type?: string;
  position: { x: number; y: number };
  data: { room?: number };
}

/** The width of a card. */
const WIDTH = 232;

/**
 * Return the nodes with the distance from the top of each card to that of the next card below it.
 *
 * Cards are taken from the bottom up and kept by column. So each one is compared with few others.
 */
export function withRoom<T extends ICard>(nodes: readonly T[]): T[] {
  const columns = new Map<number, T[]>();
  const rooms = new Map<T, number>();
  const cards = nodes.filter(({ type }) => type === 'card' || type === 'folded');
  for (const card of cards.sort((left, right) => right.position.y - left.position.y)) {
    const { x, y } = card.position;
    const column = Math.floor(x / WIDTH);
    const own = columns.get(column) ?? [];
    let next = Infinity;
    for (const below of [own, columns.get(column - 1) ?? [], columns.get(column + 1) ?? []]) {
      for (let at = below.length - 1; at >= 0 && below[at].position.y < next; at--) {
        const { x: left, y: top } = below[at].position;
        next = top > y && Math.abs(left - x) < WIDTH ? top : next;
      }
    }
    if (next < Infinity) {
      rooms.set(card, next - y);
    }
    own.push(card);
    columns.set(column, own);
  }
  return nodes.map(node => {
    const room = rooms.get(node);
    return room === node.data.room ? node : { ...node, data: { ...node.data, room } };
  });
}

/** Return the list with the named items rebuilt, removed or appended. */
export function patch<T extends { id: string }>(
  items: readonly T[],
  ids: ReadonlySet<string>,
  make: (id: string, old?: T) => T | undefined
): T[] {
  const rest = new Set(ids);
  const kept = items.flatMap(item => {
    if (!rest.delete(item.id)) {
      return [item];
    }
    return make(item.id, item) ?? [];
  });
  return [...kept, ...[...rest].sort(naturally).flatMap(id => make(id) ?? [])];
}
