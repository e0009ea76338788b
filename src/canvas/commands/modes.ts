/** Mutes and bypasses nodes. */
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
  canvas.say(textOf(canvas, isOff ? undefined : mode, ids.length));
}

function textOf({ trans }: CanvasController, mode: string | undefined, count: number): string {
  if (!mode) {
    return trans._n('The node is active again.', '%1 nodes are active again.', count);
  }
  return mode === 'muted'
    ? trans._n('Muted the node.', 'Muted %1 nodes.', count)
    : trans._n('Bypassed the node.', 'Bypassed %1 nodes.', count);
}
