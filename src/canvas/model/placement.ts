/** Finds places for new cards: visible and without overlap. */
import { edgeId, IEdge, isComment, isGroup, Position } from '../../document/flow';
import type { CanvasController } from './controller';
import { sizeOfNode } from './diagram/frames';
import { sizeOf } from './diagram/items';

export interface IBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The distance between two cards, one below the other. */
export const GAP = 40;
/** Beside each other: the plus of an output ends before the input of the next card. */
export const BESIDE = 2 * GAP;
/** The space of a new card: its width, and the usual height once it shows a result. */
const UNSEEN = { width: 232, height: 200 };

export function overlaps(left: IBox, right: IBox): boolean {
  return (
    left.x < right.x + right.width &&
    right.x < left.x + left.width &&
    left.y < right.y + right.height &&
    right.y < left.y + left.height
  );
}

export function isInside(box: IBox, view: IBox): boolean {
  return (
    box.x >= view.x &&
    box.y >= view.y &&
    box.x + box.width <= view.x + view.width &&
    box.y + box.height <= view.y + view.height
  );
}

/** Return the box around all boxes. */
export function boundingBox(boxes: readonly IBox[]): IBox {
  const x = Math.min(...boxes.map(box => box.x));
  const y = Math.min(...boxes.map(box => box.y));
  const right = Math.max(...boxes.map(box => box.x + box.width));
  const bottom = Math.max(...boxes.map(box => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** How far to search for space, in card sizes. */
const REACH = 5;

/**
 * Return the free place nearest to the wanted one; inside the view, and off the lines, if possible.
 */
export function freeNear(
  wanted: IBox,
  taken: readonly IBox[],
  view?: IBox,
  lines: readonly Position[] = []
): Position {
  const near = taken.filter(
    ({ x, y }) =>
      Math.abs(x - wanted.x) < REACH * wanted.width &&
      Math.abs(y - wanted.y) < REACH * wanted.height
  );
  const xs = [wanted.x];
  const ys = [wanted.y];
  if (view) {
    xs.push(view.x, view.x + view.width - wanted.width);
    ys.push(view.y, view.y + view.height - wanted.height);
  }
  for (const { x, y, width, height } of near) {
    xs.push(x, x + width + BESIDE, x - wanted.width - BESIDE);
    ys.push(y, y + height + GAP, y - wanted.height - GAP);
  }
  const far = ({ x, y }: IBox) => Math.hypot(x - wanted.x, y - wanted.y);
  const places = xs
    .flatMap(x => ys.map(y => ({ ...wanted, x, y })))
    .sort((left, right) => far(left) - far(right) || right.y - left.y);
  // the wanted place may be close to another card
  const free = (box: IBox) => {
    const isWanted = box.x === wanted.x && box.y === wanted.y;
    const space = isWanted ? box : withSpace(box);
    return !near.some(other => overlaps(space, other));
  };
  const covers = (box: IBox) => lines.some(line => isInside(pointAt(line), box));
  const seen = view ? places.filter(box => isInside(box, view) && free(box)) : [];
  const { x, y } =
    seen.find(box => !covers(box)) ??
    seen[0] ??
    places.find(box => free(box) && !covers(box)) ??
    places.find(free) ??
    wanted;
  return [Math.round(x), Math.round(y)];
}

/** Return the box with the least distance to other cards at each side. */
function withSpace({ x, y, width, height }: IBox): IBox {
  return { x: x - BESIDE, y: y - GAP, width: width + 2 * BESIDE, height: height + 2 * GAP };
}

const pointAt = ([x, y]: Position): IBox => ({ x, y, width: 0, height: 0 });

/** Points of the drawn connections, in units of the diagram; those of `id` do not count. */
function linesOf({ stage, doc }: CanvasController, id: string): Position[] {
  const isOwn = ({ source, target }: IEdge) => source === id || target === id;
  const own = new Set(doc.allEdges().filter(isOwn).map(edgeId));
  const paths = stage?.querySelectorAll<SVGPathElement>('.react-flow__edge-path') ?? [];
  return [...paths].flatMap(path => {
    if (own.has(path.closest<SVGElement>('.react-flow__edge')?.dataset.id ?? '')) {
      return [];
    }
    const length = path.getTotalLength();
    const steps = Math.ceil(length / GAP);
    return Array.from({ length: steps }, (_, step): Position => {
      const { x, y } = path.getPointAtLength((length * (step + 0.5)) / steps);
      return [x, y];
    });
  });
}

export function boxOf(canvas: CanvasController, id: string): IBox {
  const [x, y] = canvas.store.place(id);
  if (isComment(id)) {
    const [width, height] = sizeOf(canvas.doc.comment(id) ?? {});
    return { x, y, width, height };
  }
  if (isGroup(id)) {
    return { x, y, ...sizeOfNode(canvas.store.node(id)!) };
  }
  const isWhole = canvas.views.get(id)?.checked; // the ports arrive with the first response
  const size = canvas.store.node(id)?.measured;
  const { width, height } = UNSEEN;
  return isWhole && size?.width && size.height
    ? { x, y, width: size.width, height: size.height }
    : { x, y, width, height };
}

/** Return the box of a card with space for the result that a run will show in it. */
export function spaceOf(canvas: CanvasController, id: string): IBox {
  const box = boxOf(canvas, id);
  const grows = canvas.doc.node(id)?.type === 'executable';
  return { ...box, height: grows ? Math.max(box.height, UNSEEN.height) : box.height };
}

/** Return the visible part of the diagram, in its own units. */
export function viewOf({ stage, flow }: CanvasController): IBox | undefined {
  const box = stage?.getBoundingClientRect();
  if (!box?.width || !flow) {
    return undefined;
  }
  const { zoom } = flow.getViewport();
  const { x, y } = flow.screenToFlowPosition({ x: box.left, y: box.top });
  const margin = GAP / 2;
  return {
    x: x + margin,
    y: y + margin,
    width: box.width / zoom - 2 * margin,
    height: box.height / zoom - 2 * margin
  };
}

/** Return a free place for a new card: near the wanted one, else near the middle of the view. */
export function freePlace(canvas: CanvasController, wanted?: Position): Position {
  const view = viewOf(canvas);
  const [x, y] = wanted ?? [
    view ? view.x + (view.width - UNSEEN.width) / 2 : 80,
    view ? view.y + view.height / 3 : 80
  ];
  const taken = canvas.store.nodes
    .filter(({ type }) => type !== 'frame')
    .map(({ id }) => spaceOf(canvas, id));
  return freeNear({ x, y, ...UNSEEN }, taken, view);
}

/** Return a free place beside a card, before or after it, with space for a connection. */
export function placeBeside(
  canvas: CanvasController,
  id: string,
  card: string,
  after: boolean
): Position {
  const own = spaceOf(canvas, id);
  const { x, y, width } = boxOf(canvas, card);
  const wanted = { ...own, x: after ? x + width + BESIDE : x - own.width - BESIDE, y };
  const others = canvas.store.nodes.filter(node => node.id !== id && node.type !== 'frame');
  const taken = others.map(node => spaceOf(canvas, node.id));
  return freeNear(wanted, taken, undefined, linesOf(canvas, id));
}
