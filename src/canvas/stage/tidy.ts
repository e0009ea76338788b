/** Arranges all cards in the shape of the visible canvas. */
import { isComment, Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { MARGIN } from '../model/focus';
import { boxOf, freeNear, IBox } from '../model/placement';
import { fit } from './navigation';

export async function tidy(canvas: CanvasController): Promise<void> {
  const { layered } = await import('../arrange/layout');
  const { doc, stage } = canvas;
  const sizes = canvas.store.nodes
    .filter(({ id }) => !isComment(id))
    .map(({ id, measured }) => ({
      id,
      width: measured?.width ?? 220,
      height: measured?.height ?? 100
    }));
  const view = stage && {
    width: stage.clientWidth - 2 * MARGIN,
    height: stage.clientHeight - 2 * MARGIN
  };
  const places = layered(sizes, doc.allEdges(), view?.width ? view : undefined);
  const cards = new Map(sizes.map(({ id, ...size }) => [id, size]));
  const boxes = places.map(([id, [x, y]]) => ({ x, y, ...cards.get(id)! }));
  doc.move([...places, ...follow(canvas, places, boxes)]);
  requestAnimationFrame(() => fit(canvas, { isWhole: true }));
}

/** Return places for comments: each stays at the card that was nearest, beside all cards. */
function follow(
  canvas: CanvasController,
  places: readonly (readonly [string, Position])[],
  boxes: IBox[]
): [string, Position][] {
  const comments = canvas.store.nodes.filter(({ id }) => isComment(id));
  return comments.map(({ id, position }) => {
    let shift: Position = [0, 0];
    let nearest = Number.POSITIVE_INFINITY;
    for (const [card, to] of places) {
      const from = canvas.store.place(card);
      const far = Math.hypot(from[0] - position.x, from[1] - position.y);
      if (far < nearest) {
        nearest = far;
        shift = [to[0] - from[0], to[1] - from[1]];
      }
    }
    const box = boxOf(canvas, id);
    const wanted = { ...box, x: box.x + shift[0], y: box.y + shift[1] };
    const [x, y] = freeNear(wanted, boxes);
    boxes.push({ ...box, x, y });
    return [id, [x, y]];
  });
}
