/** Comments on the canvas: texts in Markdown beside the nodes. */
import { isComment, Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { sizeOf } from '../model/diagram/items';
import { ensureId } from '../model/identity';
import { freePlace } from '../model/placement';
import { newMarkId } from '../model/editing';

export type Size = [number, number];

const LEAST: Size = [80, 40];

/** Return a size in whole pixels after a change, and not less than a comment needs. */
export function resized([width, height]: Size, dx: number, dy: number): Size {
  return [Math.max(LEAST[0], Math.round(width + dx)), Math.max(LEAST[1], Math.round(height + dy))];
}

/** Change the size of the selected comments, as one undo step. */
export function resizeComments(canvas: CanvasController, dx: number, dy: number): void {
  const { chosen, doc, trans } = canvas;
  const ids = chosen.filter(isComment);
  if (!ids.length) {
    canvas.say(trans.__('Select a comment first.'), true);
    return;
  }
  doc.edit(() => {
    for (const id of ids) {
      doc.setComment(id, 'size', resized(sizeOf(doc.comment(id) ?? {}), dx, dy));
    }
  });
}

/** Add a comment and open its text. Both are one undo step. */
export function addComment(canvas: CanvasController, point?: { x: number; y: number }): void {
  const { doc, flow, store } = canvas;
  const at = point && flow?.screenToFlowPosition(point);
  const place: Position | undefined = at && [Math.round(at.x), Math.round(at.y)];
  const id = newMarkId(canvas, '#', other => doc.comments.has(other));
  endEditing(canvas);
  ensureId(canvas);
  const close = doc.gesture();
  doc.addComment(id, { text: '' }, freePlace(canvas, place));
  store.select([id]);
  store.focus(id);
  canvas.set({ outline: false, editing: { id, close } });
}

/** Open the text of the selected comment. */
export function editComment(canvas: CanvasController): void {
  const id = canvas.chosen.find(isComment);
  if (id && id !== canvas.ui.editing?.id && !canvas.readOnly) {
    endEditing(canvas);
    canvas.set({ editing: { id } });
  }
}

/** Store the text so far; all texts until the end of editing are one undo step. */
export function writeComment(canvas: CanvasController, id: string, text: string): void {
  const { doc, ui } = canvas;
  if (ui.editing?.id !== id) {
    return;
  }
  // not before the first change, because a comment out of view opens without a field
  if (!ui.editing.close) {
    canvas.set({ editing: { id, close: doc.gesture() } });
  }
  doc.setComment(id, 'text', text);
}

/** End editing; a comment without text is removed. */
export function endEditing(canvas: CanvasController, id = canvas.ui.editing?.id): void {
  const { doc, ui } = canvas;
  if (!id || ui.editing?.id !== id) {
    return;
  }
  const { close } = ui.editing;
  canvas.set({ editing: undefined });
  const comment = doc.comment(id);
  if (comment && !String(comment.text ?? '').trim()) {
    doc.remove([id]);
  }
  close?.();
}
