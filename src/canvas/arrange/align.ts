/** Aligns and distributes the selected cards; each function is one undo step. */
import { Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { boundingBox, boxOf, GAP, IBox } from '../model/placement';

export type Line = 'left' | 'centre' | 'right' | 'top' | 'middle' | 'bottom';
export type Axis = 'horizontally' | 'vertically';

interface ICardBox extends IBox {
  id: string;
}

/** Return the places of cards with one edge or middle on a common line. */
export function aligned(boxes: readonly ICardBox[], line: Line): [string, Position][] {
  const all = boundingBox(boxes);
  return boxes.map(({ id, x, y, width, height }) => {
    switch (line) {
      case 'left':
        return [id, [all.x, y]];
      case 'centre':
        return [id, [Math.round(all.x + (all.width - width) / 2), y]];
      case 'right':
        return [id, [all.x + all.width - width, y]];
      case 'top':
        return [id, [x, all.y]];
      case 'middle':
        return [id, [x, Math.round(all.y + (all.height - height) / 2)]];
      case 'bottom':
        return [id, [x, all.y + all.height - height]];
    }
  });
}

/**
 * Return the places of cards with equal gaps between the first and the last. Cards without space
 * between these get the usual gap.
 */
export function distributed(boxes: readonly ICardBox[], axis: Axis): [string, Position][] {
  const [at, size] =
    axis === 'horizontally' ? (['x', 'width'] as const) : (['y', 'height'] as const);
  const row = [...boxes].sort((left, right) => left[at] - right[at]);
  const taken = row.reduce((sum, box) => sum + box[size], 0);
  const gap = (boundingBox(boxes)[size] - taken) / (row.length - 1);
  let next = row[0][at];
  return row.map(box => {
    const place = { ...box, [at]: Math.round(next) };
    next += box[size] + (gap > 0 ? gap : GAP);
    return [box.id, [place.x, place.y]];
  });
}

export function align(canvas: CanvasController, line: Line): void {
  canvas.store.move(aligned(boxes(canvas), line));
}

export function distribute(canvas: CanvasController, axis: Axis): void {
  canvas.store.move(distributed(boxes(canvas), axis));
}

function boxes(canvas: CanvasController): ICardBox[] {
  return canvas.store.tree.outermost(canvas.chosen).map(id => ({ id, ...boxOf(canvas, id) }));
}
