/** Places of the nodes of a lineage, from left to right. */
import type { Lineage, LineageNode } from '../../../api/types';

export const WIDTH = 190;
export const HEIGHT = 60;
const ACROSS = WIDTH + 60;
const DOWN = HEIGHT + 16;
/** Around the whole, so that a focus ring is not cut off. */
const MARGIN = 8;

export interface IPlaced extends LineageNode {
  x: number;
  y: number;
}

export interface ILayout {
  /** Column by column, each from top to bottom. */
  nodes: IPlaced[];
  /** By the ID of a node: the nodes before it, and those after it. */
  before: ReadonlyMap<string, readonly IPlaced[]>;
  after: ReadonlyMap<string, readonly IPlaced[]>;
  width: number;
  height: number;
}

/** Return the places of all nodes; the nodes of a column are near their neighbours. */
export function layoutOf({ nodes, edges }: Lineage): ILayout {
  const columns: IPlaced[][] = [];
  const known = new Map<string, IPlaced>();
  for (const node of nodes) {
    const column = (columns[node.column ?? 0] ??= []);
    const place = { ...node, x: 0, y: 0 };
    column.push(place);
    known.set(node.id, place);
  }
  const filled = columns.filter(Boolean);
  const before = new Map<string, IPlaced[]>();
  const after = new Map<string, IPlaced[]>();
  for (const { source, target } of edges) {
    link(before, target, known.get(source)!);
    link(after, source, known.get(target)!);
  }
  const tallest = Math.max(1, ...filled.map(column => column.length));
  const draw = (column: IPlaced[], index: number) =>
    column.forEach((place, row) => {
      place.x = MARGIN + index * ACROSS;
      // a short column is in the middle
      place.y = MARGIN + (row + (tallest - column.length) / 2) * DOWN;
    });
  filled.forEach(draw);
  for (const sides of [before, after]) {
    const order = filled.map((column, index) => ({ column, index }));
    for (const { column, index } of sides === before ? order : order.reverse()) {
      const middle = new Map(column.map(place => [place, middleOf(sides.get(place.id), place)]));
      column.sort((a, b) => middle.get(a)! - middle.get(b)!);
      draw(column, index);
    }
  }
  return {
    nodes: filled.flat(),
    before,
    after,
    width: 2 * MARGIN + Math.max(0, filled.length - 1) * ACROSS + WIDTH,
    height: 2 * MARGIN + tallest * DOWN
  };
}

/** Return the line from a node to another. */
export function edgePath(from: IPlaced, to: IPlaced): string {
  const [x, y] = [from.x + WIDTH, from.y + HEIGHT / 2];
  const [toX, toY] = [to.x, to.y + HEIGHT / 2];
  const bend = (toX - x) / 2;
  return `M${x} ${y}C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}`;
}

function link(sides: Map<string, IPlaced[]>, id: string, other: IPlaced): void {
  const known = sides.get(id) ?? [];
  if (!known.includes(other)) {
    sides.set(id, [...known, other]);
  }
}

function middleOf(others: readonly IPlaced[] | undefined, own: IPlaced): number {
  return others ? others.reduce((sum, { y }) => sum + y, 0) / others.length : own.y;
}
