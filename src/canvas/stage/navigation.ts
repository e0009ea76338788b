/** Moves focus and view without changing the document. */
import { getViewportForBounds, Rect, Viewport } from '@xyflow/react';
import { Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { BAR, focusNode, isFitted, MARGIN, reveal, revealBox, setView } from '../model/focus';
import { boundingBox, boxOf, IBox, isInside, viewOf } from '../model/placement';
import { IMemory } from '../model/viewState';

export type Direction = 'left' | 'right' | 'up' | 'down';

const UNIT: Record<Direction, [number, number]> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1]
};

/** Return the nearest card in a direction; sideways distance counts more. */
export function nearest(
  from: readonly [number, number],
  places: Iterable<readonly [string, readonly [number, number]]>,
  direction: Direction
): string | undefined {
  const [ux, uy] = UNIT[direction];
  let best: string | undefined;
  let shortest = Number.POSITIVE_INFINITY;
  for (const [id, [x, y]] of places) {
    const ahead = (x - from[0]) * ux + (y - from[1]) * uy;
    const aside = Math.abs((x - from[0]) * uy) + Math.abs((y - from[1]) * ux);
    const far = ahead + 2 * aside;
    if (ahead > 1 && far < shortest) {
      shortest = far;
      best = id;
    }
  }
  return best;
}

export function focusDirection(canvas: CanvasController, direction: Direction): void {
  const here = canvas.store.focused;
  const nodes = canvas.store.nodes;
  if (!here) {
    if (nodes.length) {
      focusNode(canvas, nodes[0].id, true);
    }
    return;
  }
  const places = nodes
    .filter(node => node.id !== here)
    .map(node => [node.id, [node.position.x, node.position.y]] as const);
  const next = nearest(canvas.store.place(here), places, direction);
  if (next) {
    focusNode(canvas, next, true);
  }
}

const ROOM = 0.1;
/** Cards are readable down to the first zoom, and down to the second if all of them are then in view. */
const [READABLE, SMALL] = [0.75, 0.65];
/** No message below the canvas is as high. */
const MESSAGE = 80;
/** Cards are not made smaller than this when Run Info opens below them. */
const LEGIBLE = 0.35;

/** Below the first, a card is its title; below the second, it is only a colour. */
const [FAR, TINY] = [0.5, 0.18];

/**
 * Return the classes for the size of text. Text keeps 11 px on the screen down to the first fit;
 * from afar, titles do.
 */
export function textSize(zoom: number): string {
  const far = zoom >= FAR ? '' : zoom >= TINY ? ' nby-mod-far' : ' nby-mod-far nby-mod-tiny';
  const smaller = zoom >= READABLE ? '' : ' nby-mod-smaller';
  return zoom >= 1 ? '' : zoom >= 0.85 ? ' nby-mod-mid' : ` nby-mod-small${smaller}${far}`;
}

/** Text from afar follows the zoom in steps of this factor, so that it is rarely laid out again. */
const STEP = 1.06;

/** Return the zoom that titles are sized for: 1 unless the diagram is seen from afar. */
export function shownZoom(zoom: number): number {
  return zoom >= FAR ? 1 : STEP ** Math.round(Math.log(Math.max(zoom, TINY)) / Math.log(STEP));
}

/** With more cards than this, showing all at once takes seconds. */
const MANY = 1500;

export function leastZoom(cards: number): number {
  return cards > MANY ? 0.2 : 0.05;
}

/** Below this zoom most cards of a workflow are in sight. */
const WIDE = 0.2;
const FEW = 600;

/**
 * Return whether cards out of sight are drawn, too. Seen from afar, a small movement would take
 * dozens of cards into the view and others out of it; drawing them anew costs more than keeping them.
 */
export function drawsAll(zoom: number, cards: number): boolean {
  return zoom < WIDE && cards <= FEW;
}

/** The height of a card's title. */
const HEAD = 40;

/**
 * Return the view of the whole diagram. If it would be too small to read, return the view of its
 * start: no card is cut at the left or at the top. The title of the first card is visible.
 * `whole` is the smallest zoom at which everything is shown anyway.
 */
export function viewFor(
  all: Rect,
  cards: readonly Position[],
  width: number,
  height: number,
  whole?: number
): Viewport {
  const fits = ({ zoom }: Viewport) => all.width * zoom <= width && all.height * zoom <= height;
  let view = getViewportForBounds(all, width, height, READABLE, 1, ROOM);
  if (!fits(view)) {
    const close = getViewportForBounds(all, width, height, whole ?? SMALL, 1, `${MARGIN}px`);
    view = whole !== undefined || fits(close) ? close : view;
  }
  const { zoom } = view;
  if (all.width * zoom > width) {
    view.x = MARGIN - all.x * zoom;
  }
  if (all.height * zoom > height) {
    const [, first] = cards.reduce((left, right) => (right[0] < left[0] ? right : left));
    const least = first + HEAD - (height - 2 * MARGIN) / zoom;
    const tops = cards.map(([, y]) => y).filter(y => y >= least);
    view.y = MARGIN - zoom * Math.min(first, ...tops);
  }
  return view;
}

/**
 * Bring a new card into view, and show all cards if they stay readable. A card with unknown ports
 * gets the space of a large one, so that nothing moves later.
 */
export function showCard(canvas: CanvasController, id: string): void {
  const { flow, stage, store } = canvas;
  const view = viewOf(canvas);
  if (!flow || !stage || !view || isInside(boxOf(canvas, id), view)) {
    return;
  }
  const all = boundingBox([flow.getNodesBounds(store.nodes), boxOf(canvas, id)]);
  const zoom = Math.min(stage.clientWidth / all.width, clearHeight(stage) / all.height);
  if (zoom / (1 + ROOM) >= READABLE) {
    fit(canvas, { all });
  } else {
    reveal(canvas, id);
  }
}

interface IFit {
  /** The shown area, if it is more than the cards. */
  all?: Rect;
  /** Show all cards, however small they get. */
  isWhole?: boolean;
  /** The smallest zoom, if it is not that at which all cards are shown. */
  least?: number;
}

export function fit(canvas: CanvasController, { all, isWhole, least = 0 }: IFit = {}): void {
  const { flow, stage, store } = canvas;
  if (!flow || !stage?.clientWidth || !store.nodes.length) {
    return;
  }
  const cards = store.nodes.map(({ id }) => store.place(id));
  const bounds = all ?? flow.getNodesBounds(store.nodes);
  const whole = isWhole ? Math.max(least, leastZoom(store.nodes.length)) : undefined;
  const height = clearHeight(stage);
  void flow.setViewport(viewFor(bounds, cards, stage.clientWidth, height, whole));
  canvas.fitted = { ...flow.getViewport(), isWhole };
}

/** Fit as before; below a panel that opened, not smaller than titles are legible. */
export function fitAgain(canvas: CanvasController, isLower = true): void {
  const { zoom = 1 } = canvas.flow?.getViewport() ?? {};
  const least = isLower ? Math.min(zoom, LEGIBLE) : 0;
  fit(canvas, { isWhole: canvas.fitted?.isWhole, least });
}

/** Return whether a part of the diagram is out of sight. */
export function isCut({ flow, stage, store }: CanvasController): boolean {
  const { width, height } = flow!.getNodesBounds(store.nodes);
  const { zoom } = flow!.getViewport();
  return width * zoom > stage!.clientWidth || height * zoom > stage!.clientHeight;
}

/** Return the height above the zoom bar, which would cover the first card. */
function clearHeight({ clientHeight }: HTMLElement): number {
  return Math.max(clientHeight - BAR, clientHeight / 2);
}

/**
 * Return what is remembered of a view: a fitted one is fitted again to the next window, where its
 * cards are readable.
 */
export function viewToKeep(canvas: CanvasController, viewport: Viewport): IMemory {
  return { viewport: isFitted(canvas) ? undefined : viewport };
}

export interface ISize {
  width: number;
  height: number;
}

function boxOfAll(canvas: CanvasController): IBox {
  return boundingBox(canvas.store.nodes.map(({ id }) => boxOf(canvas, id)));
}

/** Return whether all cards are visible in a stage of this size. */
export function seesAll(
  canvas: CanvasController,
  { width, height } = sizeOfStage(canvas)
): boolean {
  const { x, y, zoom } = canvas.flow?.getViewport() ?? { x: 0, y: 0, zoom: 1 };
  const view = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  return isInside(boxOfAll(canvas), view);
}

export function sizeOfStage({ stage }: CanvasController): ISize {
  return { width: stage?.clientWidth ?? 0, height: stage?.clientHeight ?? 0 };
}

/** Move the view to all cards if they fit at its zoom; return whether they do. */
export function keepAll(canvas: CanvasController): boolean {
  const { stage } = canvas;
  const { zoom } = canvas.flow!.getViewport();
  const all = boxOfAll(canvas);
  const fits =
    all.width * zoom < stage!.clientWidth - MARGIN && all.height * zoom < clearHeight(stage!);
  if (fits) {
    revealBox(canvas, all);
  }
  return fits;
}

/**
 * Fit again after a resize, unless the user moved the view, all cards are visible at full size, a
 * panel opened beside a selected card, or a message came or went. Then keep all cards that were in
 * view, else the selected or failed card, visible until the width and height are there again.
 */
export function refit(canvas: CanvasController, before: ISize): void {
  const { fitted, flow, shifted, stage } = canvas;
  if (!flow || !stage) {
    return;
  }
  const now = flow.getViewport();
  const isBack =
    shifted && stage.clientHeight >= shifted.height && stage.clientWidth >= shifted.width;
  if (isBack && isSame(shifted.to, now)) {
    setView(canvas, shifted.from);
    canvas.shifted = undefined;
    return;
  }
  const id = canvas.targets[0] ?? canvas.failed;
  const rise = Math.abs(before.height - stage.clientHeight);
  // The inspector opens beside a chosen card, and nothing slides away below the pointer.
  const isBeside = id !== undefined && !rise && !fitted?.isWhole;
  const isMessage = rise > 0 && rise < MESSAGE && before.width === stage.clientWidth;
  const sawAll = !isMessage && stage.clientHeight < before.height && seesAll(canvas, before);
  if (fitted && isFitted(canvas) && !isBeside && !isMessage) {
    const view = viewOf(canvas);
    if (now.zoom === 1 && view && isInside(boxOfAll(canvas), view)) {
      return; // a card that moves a moment after it was added escapes the pointer
    }
    if (!sawAll || !keepAll(canvas)) {
      fitAgain(canvas, rise > 0);
    }
    if (id !== undefined) {
      reveal(canvas, id);
    }
  } else if (sawAll || (id !== undefined && wasSeen(canvas.store.place(id), now, before))) {
    if (sawAll) {
      keepAll(canvas);
    }
    if (id !== undefined) {
      reveal(canvas, id);
    }
    const to = flow.getViewport();
    if (!isSame(to, now)) {
      const isSecond = shifted && isSame(shifted.to, now);
      canvas.shifted = { ...(isSecond ? shifted : { from: now, ...before }), to };
    }
  }
}

function isSame(left: Viewport, right: Viewport): boolean {
  return left.x === right.x && left.y === right.y && left.zoom === right.zoom;
}

function wasSeen([x, y]: Position, view: Viewport, { width, height }: ISize): boolean {
  const at = [x * view.zoom + view.x, y * view.zoom + view.y];
  return at[0] > -MARGIN && at[0] < width && at[1] > -MARGIN && at[1] < height;
}

/** Focus the node of the next problem, or the folded group with it. */
export function nextProblem(canvas: CanvasController, index?: number): void {
  const { problems } = canvas.checker;
  if (!problems.length) {
    canvas.say(canvas.trans.__('No problems.'));
    return;
  }
  const at = canvas.store.focused;
  const cards = problems.map(({ node }) => node && canvas.store.shown(node));
  const after = at === undefined ? 0 : cards.lastIndexOf(at) + 1;
  const problem = problems[index ?? after % problems.length];
  if (problem.node && canvas.doc.nodes.has(problem.node)) {
    canvas.set({ inspector: true });
    focusNode(canvas, problem.node, true);
  } else if (problem.edge) {
    canvas.store.select([], [problem.edge]);
  }
  const title = problem.node && canvas.views.get(problem.node)?.title;
  canvas.say(title ? `${title}: ${problem.message}` : problem.message, true);
}
