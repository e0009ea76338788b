/** Mutes and bypasses nodes. */
import { CommandRegistry } from '@lumino/commands';
import { title } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { nodesForMode } from '../model/nodeViews';

/** Set the mode of the selected nodes; if all have it, remove it. */
export function toggleMode(canvas: CanvasController, mode: 'muted' | 'bypassed'): void {
  const { doc, targets, trans } = canvas;
  const ids = nodesForMode(doc, targets, mode);
  if (!ids.length) {
    canvas.say(
      targets.length
        ? trans.__('Only a node with an executable can be bypassed.')
        : trans.__('Select a node first.'),
      true
    );
    return;
  }
  const isOff = canvas.hasMode(mode);
  doc.edit(() => ids.forEach(id => doc.setField(id, 'mode', isOff ? undefined : mode)));
  canvas.say(textOf(canvas, isOff ? undefined : mode, ids));
}

function textOf(canvas: CanvasController, mode: string | undefined, ids: readonly string[]) {
  const { trans } = canvas;
  const { length: count } = ids;
  if (!mode) {
    return trans._n('The node is active again.', '%1 nodes are active again.', count);
  }
  const [name, undo] = [title(canvas, ids[0]), CommandRegistry.formatKeystroke('Accel Z')];
  return mode === 'muted'
    ? trans._n('Muted %2. Undo: %3', 'Muted %1 nodes. Undo: %3', count, name, undo)
    : trans._n('Bypassed %2. Undo: %3', 'Bypassed %1 nodes. Undo: %3', count, name, undo);
}
