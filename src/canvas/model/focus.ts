/** Brings cards into view, focuses them, and keeps the keys on the canvas. */
import { Edge, ReactFlowInstance, Rect, Viewport } from '@xyflow/react';
import { CardNode, FlowStore } from './flowStore';

interface IDiagram {
  readonly store: FlowStore;
  flow?: ReactFlowInstance<CardNode, Edge>;
  stage?: HTMLElement;
  /** The diagram or the table. */
  readonly front?: HTMLElement;
  /** The view after the last fit. */
  fitted?: Viewport;
}

/** How many frames to wait until a new card is drawn. */
const FRAMES = 30;

/** Bring a card, or the folded group with it, into view, and focus it once it is drawn. */
export function focusNode(canvas: IDiagram, node: string, select = false): void {
  const id = canvas.store.shown(node);
  canvas.store.focus(id);
  if (select) {
    canvas.store.select([id]);
  }
  reveal(canvas, id);
  let tries = FRAMES;
  const from = document.activeElement;
  const attempt = () => {
    const { activeElement: active } = document;
    if (active && ![from, document.body].includes(active) && !canvas.stage?.contains(active)) {
      return; // a picker that opened meanwhile keeps the focus
    }
    const card = cardOf(canvas, id);
    card?.focus({ preventScroll: true }); // has no effect while the card is hidden to be measured
    if ((!card || card !== document.activeElement) && tries-- > 0) {
      requestAnimationFrame(attempt);
    }
  };
  requestAnimationFrame(attempt);
}

/** Return the shift that moves a range into another; a range that is too long keeps its start. */
export function shiftInto(start: number, end: number, from: number, to: number): number {
  const back = Math.min(0, to - end);
  return start + back < from ? from - start : back;
}

/** The least distance of a card from the edges of the view, in pixels. */
export const MARGIN = 16;
/** The height of the zoom bar and of the minimap's button, with their margins. */
export const BAR = 40;

/** Return whether the user has not moved the view since it was fitted. */
export function isFitted({ flow, fitted }: IDiagram): boolean {
  const now = flow?.getViewport();
  return !!fitted && now?.x === fitted.x && now.y === fitted.y && now.zoom === fitted.zoom;
}

/**
 * Move the view no more than needed, because a jump is hard to follow. A fitted view is still fitted
 * after a resize.
 */
export function reveal(canvas: IDiagram, node: string): void {
  const id = canvas.store.shown(node);
  const [x, y] = canvas.store.place(id);
  const { width = 200, height = 90 } = canvas.store.node(id)?.measured ?? {};
  revealBox(canvas, { x, y, width, height });
}

/** Move the view in the same way to show a part of the diagram. */
export function revealBox(canvas: IDiagram, { x, y, width, height }: Rect): void {
  const box = canvas.stage?.getBoundingClientRect();
  const { flow } = canvas;
  if (!box?.width || !flow) {
    return;
  }
  const at = flow.flowToScreenPosition({ x, y });
  const { zoom, ...view } = flow.getViewport();
  const dx = shiftInto(at.x, at.x + width * zoom, box.left + MARGIN, box.right - MARGIN);
  const dy = shiftInto(at.y, at.y + height * zoom, box.top + MARGIN, box.bottom - BAR);
  if (dx || dy) {
    setView(canvas, { x: view.x + dx, y: view.y + dy, zoom });
  }
}

/** Move the view; a fitted one is still fitted after a resize. */
export function setView(canvas: IDiagram, view: Viewport): void {
  const stays = isFitted(canvas);
  void canvas.flow?.setViewport(view);
  if (stays) {
    canvas.fitted = { ...canvas.fitted, ...canvas.flow!.getViewport() };
  }
}

/** What takes the focus only for a while. */
const OVERLAYS = '.lm-Menu, .lm-MenuBar, .jp-Dialog, .jp-ModalCommandPalette';

/**
 * Return the focus to the canvas that had it last, when the focused element disappears: a menu or
 * dialog, which is a child of the body, or a part of the canvas that is drawn again.
 */
export function keepFocus(canvas: IDiagram, panel: HTMLElement): () => void {
  let isHome = panel.contains(document.activeElement);
  const back = () => {
    if (isHome && [null, document.body].includes(document.activeElement as HTMLElement | null)) {
      cardOf(canvas, canvas.store.focused)?.focus({ preventScroll: true });
      if (!panel.contains(document.activeElement)) {
        canvas.front?.focus({ preventScroll: true });
      }
    }
  };
  // a press on text elsewhere takes the focus and gives it to no element
  const onEnter = ({ target, defaultPrevented }: Event) => {
    if (!defaultPrevented && target instanceof Element && !target.closest(OVERLAYS)) {
      isHome = panel.contains(target);
    }
  };
  const onFocusOut = ({ target }: FocusEvent) =>
    requestAnimationFrame(() => {
      const lost = target as HTMLElement;
      if (!lost.isConnected || getComputedStyle(lost).visibility === 'hidden') {
        back();
      }
    });
  const watch = new MutationObserver(changes => {
    const removed = changes.flatMap(({ removedNodes }) => [...removedNodes]);
    if (removed.some(node => node instanceof Element && node.matches(OVERLAYS))) {
      back();
    }
  });
  watch.observe(document.body, { childList: true });
  document.addEventListener('focusin', onEnter);
  document.addEventListener('mousedown', onEnter);
  panel.addEventListener('focusout', onFocusOut);
  return () => {
    watch.disconnect();
    document.removeEventListener('focusin', onEnter);
    document.removeEventListener('mousedown', onEnter);
    panel.removeEventListener('focusout', onFocusOut);
  };
}

function cardOf({ stage }: IDiagram, id: string | undefined): HTMLElement | null | undefined {
  return id === undefined
    ? undefined
    : stage?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
}
