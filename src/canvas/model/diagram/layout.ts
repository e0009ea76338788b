/** Finds places for all cards of a workflow, in the shape of the window. */
import { Graph, layout } from '@dagrejs/dagre';
import { IEdge, Position } from '../../../document/flow';

export interface ISize {
  id: string;
  width: number;
  height: number;
}

type Line = Pick<IEdge, 'source' | 'target'>;

interface ICard extends ISize {
  x: number;
  y: number;
}

/** Cards one above the other, with the size of their whole. */
interface IColumn {
  cards: ICard[];
  width: number;
  height: number;
}

const BESIDE = 90;
const BELOW = 40;
/** Between two rows of columns. */
const ROW = 80;
/** Cards are readable down to the first of these zooms, so only smaller ones wrap the workflow. */
const ZOOMS = Array.from({ length: 15 }, (_, step) => 0.75 - 0.05 * step);

/**
 * Return positions from left to right, so that connections point forward. A workflow that is too
 * long for the view continues in further rows, each from left to right; a column that is too high
 * continues beside itself.
 */
export function layered(
  nodes: readonly ISize[],
  edges: readonly Line[],
  view?: { width: number; height: number }
): [string, Position][] {
  const columns = placed(nodes, edges);
  if (view) {
    for (const zoom of ZOOMS) {
      const width = view.width / zoom;
      const height = view.height / zoom;
      const rows = wrap(split(columns, height), width);
      const whole = rows.map(heightOf).reduce((sum, row) => sum + row + ROW, -ROW);
      if ((whole <= height && rows.every(row => widthOf(row) <= width)) || zoom === ZOOMS.at(-1)) {
        return positions(rows);
      }
    }
  }
  return positions([columns]);
}

/** Short connections need more columns than the longest chain has, at times. */
const RANKERS = ['network-simplex', 'longest-path'];

/** Return the columns in which dagre places the cards in one row: the fewest. */
function placed(nodes: readonly ISize[], edges: readonly Line[]): IColumn[] {
  const layouts = RANKERS.map(ranker => columnsOf(ranked(nodes, edges, ranker)));
  return layouts.reduce((best, other) => (other.length < best.length ? other : best));
}

function ranked(nodes: readonly ISize[], edges: readonly Line[], ranker: string): ICard[] {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: BELOW, ranksep: BESIDE, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) {
    graph.setNode(id, { width, height });
  }
  for (const { source, target } of edges) {
    graph.setEdge(source, target);
  }
  layout(graph);
  return nodes.map(node => {
    const { x, y } = graph.node(node.id) as { x: number; y: number };
    return { ...node, x: x - node.width / 2, y: y - node.height / 2 };
  });
}

/** Return the columns from left to right: the cards of one have the same middle. */
function columnsOf(cards: readonly ICard[]): IColumn[] {
  const byMiddle = new Map<number, ICard[]>();
  for (const card of cards) {
    const middle = Math.round(card.x + card.width / 2);
    byMiddle.set(middle, [...(byMiddle.get(middle) ?? []), card]);
  }
  return [...byMiddle]
    .sort(([left], [right]) => left - right)
    .map(([, own]) => column(own.sort((left, right) => left.y - right.y)));
}

function column(cards: ICard[]): IColumn {
  const width = Math.max(...cards.map(card => card.width));
  const last = cards[cards.length - 1];
  return { cards, width, height: last.y + last.height - cards[0].y };
}

/**
 * Divide columns that are higher than the view. Then no column has gaps, and all have their middles
 * on one line.
 */
function split(columns: readonly IColumn[], height: number): readonly IColumn[] {
  if (columns.every(column => column.height <= height)) {
    return columns;
  }
  const parts: ICard[][] = [];
  for (const { cards } of columns) {
    let y = Number.POSITIVE_INFINITY;
    for (const card of cards) {
      if (y + card.height > height) {
        parts.push([]);
        y = 0;
      }
      parts[parts.length - 1].push({ ...card, y });
      y += card.height + BELOW;
    }
  }
  return parts.map(cards => {
    const middle = column(cards).height / 2;
    return column(cards.map(card => ({ ...card, y: card.y - middle })));
  });
}

/** Divide the columns into the fewest rows of at most this width, of about equal widths. */
function wrap(columns: readonly IColumn[], width: number): IColumn[][] {
  const count = greedy(columns, width).length;
  const least = widthOf(columns) / count;
  for (let step = 0; step < 8; step++) {
    const rows = greedy(columns, least + ((width - least) * step) / 8);
    if (rows.length === count) {
      return rows;
    }
  }
  return greedy(columns, width);
}

function greedy(columns: readonly IColumn[], width: number): IColumn[][] {
  const rows: IColumn[][] = [];
  for (const next of columns) {
    const row = rows[rows.length - 1];
    if (row && widthOf([...row, next]) <= width) {
      row.push(next);
    } else {
      rows.push([next]);
    }
  }
  return rows;
}

function widthOf(row: readonly IColumn[]): number {
  return row.reduce((sum, { width }) => sum + width + BESIDE, -BESIDE);
}

function topOf(row: readonly IColumn[]): number {
  return Math.min(...row.map(({ cards }) => cards[0].y));
}

function heightOf(row: readonly IColumn[]): number {
  return Math.max(...row.map(({ cards, height }) => cards[0].y + height)) - topOf(row);
}

function positions(rows: readonly IColumn[][]): [string, Position][] {
  const places: [string, Position][] = [];
  let below = 0;
  for (const row of rows) {
    const top = topOf(row);
    let left = 0;
    for (const { cards, width } of row) {
      for (const card of cards) {
        const x = left + (width - card.width) / 2;
        places.push([card.id, [Math.round(x), Math.round(below + card.y - top)]]);
      }
      left += width + BESIDE;
    }
    below += heightOf(row) + ROW;
  }
  return places;
}
