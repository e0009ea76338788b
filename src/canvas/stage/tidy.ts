/** Arranges all cards in the shape of the visible canvas. */
import { isComment, Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { MARGIN } from '../model/focus';
import { HEAD, INSIDE, isCard } from '../model/diagram/frames';
import { ISize, layered } from '../model/diagram/layout';
import { boundingBox, boxOf, freeNear, IBox, overlaps, spaceOf } from '../model/placement';
import { fit } from './navigation';

export function tidy(canvas: CanvasController): void {
  const { stage, store } = canvas;
  const sizes = store.nodes.filter(isCard).map(({ id, measured }) => ({
    id,
    width: measured?.width ?? 220,
    height: measured?.height ?? 100
  }));
  const spaces = sizes.map(({ height, ...size }) => {
    return { ...size, height: Math.max(height, spaceOf(canvas, size.id).height) };
  });
  const view = stage && {
    width: stage.clientWidth - 2 * MARGIN,
    height: stage.clientHeight - 2 * MARGIN
  };
  const { places } = arranged(canvas, spaces, undefined, view?.width ? view : undefined);
  const to = new Map(places);
  const cards = sizes.map(({ id, ...size }, index) => {
    const [from, place] = [canvas.store.place(id), to.get(id)!];
    return { from: boxAt(from, size), to: boxAt(place, spaces[index]) };
  });
  store.move([...places, ...follow(canvas, cards)]);
  requestAnimationFrame(() => fit(canvas, { isWhole: true }));
}

/**
 * Return places for the cards of a group or of the workflow, and the box around them. An open group
 * in it stays together.
 */
function arranged(
  canvas: CanvasController,
  spaces: readonly ISize[],
  group?: string,
  view?: Pick<IBox, 'width' | 'height'>
): { places: [string, Position][]; box: IBox } {
  const { edges, nodes, tree } = canvas.store;
  const own = spaces.filter(({ id }) => tree.parent(id) === group);
  const units = new Map(
    own.map(unit => [unit.id, { ...unit, places: [] as [string, Position][] }])
  );
  for (const { id, type } of nodes) {
    if (type === 'frame' && tree.parent(id) === group) {
      const { places: inner, box } = arranged(canvas, spaces, id);
      if (inner.length) {
        const [dx, dy] = [INSIDE - box.x, INSIDE + HEAD - box.y];
        units.set(id, {
          id,
          width: box.width + 2 * INSIDE,
          height: box.height + 2 * INSIDE + HEAD,
          places: inner.map(([card, [x, y]]) => [card, [x + dx, y + dy]])
        });
      }
    }
  }
  const unitOf = (card: string) => [card, ...tree.above(card)].find(id => units.has(id));
  const between = edges.flatMap(edge => {
    const [source, target] = [unitOf(edge.source), unitOf(edge.target)];
    return source && target && source !== target ? [{ source, target }] : [];
  });
  const laid = layered([...units.values()], between, view);
  const places = laid.flatMap(([id, [x, y]]): [string, Position][] => {
    const inner = units.get(id)!.places;
    return inner.length
      ? inner.map(([card, at]) => [card, [at[0] + x, at[1] + y]])
      : [[id, [x, y]]];
  });
  return { places, box: boundingBox(laid.map(([id, at]) => boxAt(at, units.get(id)!))) };
}

interface IMove {
  from: IBox;
  to: IBox;
}

function boxAt([x, y]: Position, { width, height }: Pick<IBox, 'width' | 'height'>): IBox {
  return { x, y, width, height };
}

/**
 * Return places for comments: one that overlaps cards moves with them, any other stays at the card
 * that was nearest, beside all cards.
 */
function follow(canvas: CanvasController, cards: readonly IMove[]): [string, Position][] {
  const comments = canvas.store.nodes.filter(({ id }) => isComment(id));
  const boxes = comments.map(({ id }) => ({ id, box: boxOf(canvas, id) }));
  const framed = ({ box }: { box: IBox }) => cards.filter(({ from }) => overlaps(from, box));
  const frames = boxes.filter(frame => framed(frame).length);
  const taken = cards.map(card => card.to);
  const places = frames.map((frame): [string, Position] => {
    const box = shifted(frame.box, framed(frame));
    taken.push(box);
    return [frame.id, [box.x, box.y]];
  });
  for (const { id, box } of boxes.filter(comment => !frames.includes(comment))) {
    const far = ({ from }: IMove) => Math.hypot(from.x - box.x, from.y - box.y);
    const nearest = cards.reduce<IMove | undefined>(
      (best, card) => (best && far(best) <= far(card) ? best : card),
      undefined
    );
    const at = freeNear(shifted(box, nearest ? [nearest] : []), taken);
    taken.push(boxAt(at, box));
    places.push([id, at]);
  }
  return places;
}

/** Return a box that moved as far as the upper left corner of these cards. */
function shifted(box: IBox, cards: readonly IMove[]): IBox {
  if (!cards.length) {
    return box;
  }
  const from = boundingBox(cards.map(card => card.from));
  const to = boundingBox(cards.map(card => card.to));
  return { ...box, x: box.x + to.x - from.x, y: box.y + to.y - from.y };
}
