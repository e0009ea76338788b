/** The frames of open groups, which follow their members. */
import { isGroup } from '../../../document/flow';
import type { GroupTree } from './groupTree';

interface ISize {
  width?: number;
  height?: number;
}

interface ICard extends ISize {
  id: string;
  type?: string;
  position: { x: number; y: number };
  measured?: ISize;
  initialWidth?: number;
  initialHeight?: number;
  className?: string;
}

/** Between a frame and its members, and the height of its head. */
export const [INSIDE, HEAD] = [20, 34];

/** Return the nodes with the frames around the changed ones, or with all; others are the same objects. */
export function framesAround<T extends ICard>(
  tree: GroupTree,
  nodes: T[],
  changed?: Iterable<string>
): T[] {
  const due =
    changed && new Set([...changed].flatMap(id => [id, ...tree.above(id)].filter(isGroup)));
  if (due && !due.size) {
    return nodes;
  }
  const byId = new Map<string, T>();
  const frames: string[] = [];
  for (const node of nodes) {
    byId.set(node.id, node);
    if (node.type === 'frame' && (!due || due.has(node.id))) {
      frames.push(node.id);
    }
  }
  const depth = (id: string) => tree.above(id).length;
  for (const id of frames.sort((left, right) => depth(right) - depth(left))) {
    byId.set(id, around(byId.get(id)!, tree, byId));
  }
  return frames.length ? nodes.map(({ id }) => byId.get(id)!) : nodes;
}

function around<T extends ICard>(frame: T, tree: GroupTree, byId: ReadonlyMap<string, T>): T {
  const boxes = tree.members(frame.id).flatMap(id => byId.get(id) ?? []);
  const left = Math.min(...boxes.map(({ position }) => position.x)) - INSIDE;
  const top = Math.min(...boxes.map(({ position }) => position.y)) - INSIDE - HEAD;
  const right = Math.max(...boxes.map(node => node.position.x + sizeOfNode(node).width));
  const bottom = Math.max(...boxes.map(node => node.position.y + sizeOfNode(node).height));
  const size = { width: right + INSIDE - left, height: bottom + INSIDE - top };
  const { position, width, height } = frame;
  const isSame = position.x === left && position.y === top;
  return isSame && width === size.width && height === size.height
    ? frame
    : { ...frame, ...size, measured: size, position: { x: left, y: top } };
}

/** Mark the cards that lie in a frame although they are not in its group. */
export function withStrangers<T extends ICard>(tree: GroupTree, nodes: T[]): T[] {
  const frames = nodes.filter(({ type }) => type === 'frame');
  return nodes.map(node => {
    const isApart =
      isCard(node) &&
      frames.some(frame => covers(frame, node) && !tree.above(node.id).includes(frame.id));
    const className = isApart ? 'nby-mod-apart' : undefined;
    return node.className === className ? node : { ...node, className };
  });
}

/** Return whether the middle of a card is in a frame. */
function covers(frame: ICard, card: ICard): boolean {
  const [outer, inner] = [sizeOfNode(frame), sizeOfNode(card)];
  const x = card.position.x + inner.width / 2 - frame.position.x;
  const y = card.position.y + inner.height / 2 - frame.position.y;
  return x > 0 && y > 0 && x < outer.width && y < outer.height;
}

/** Return the size of a card, as far as it is known. */
export function sizeOfNode({ measured, width, height, ...node }: ICard) {
  return {
    width: measured?.width ?? width ?? node.initialWidth ?? 0,
    height: measured?.height ?? height ?? node.initialHeight ?? 0
  };
}

/** Whether a card is one of a node or of a folded group. */
export function isCard({ type }: { type?: string }): boolean {
  return type === 'card' || type === 'folded';
}
