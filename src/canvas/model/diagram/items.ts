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

/** Return the nodes with the distance from the top of each card to that of the next card below it. */
export function withRoom<T extends ICard>(nodes: readonly T[]): T[] {
  const isCard = ({ type }: T) => type === 'card';
  const byHeight = nodes.filter(isCard).sort((left, right) => left.position.y - right.position.y);
  return nodes.map(node => {
    const { x, y } = node.position;
    const isBelow = ({ position: at }: T) => at.y > y && Math.abs(at.x - x) < WIDTH;
    const next = isCard(node) && byHeight.find(isBelow);
    const room = next ? next.position.y - y : undefined;
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
