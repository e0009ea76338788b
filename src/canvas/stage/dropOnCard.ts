/** Connects things that are dropped on a card. */
import { portsOf } from '../../document/edges';
import { edgeId, IEdge } from '../../document/flow';
import { connect, fitting } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { whenChecked } from '../model/whenChecked';
import { show } from './navigation';
import { placeBeside } from '../model/placement';

/**
 * Add things where they were dropped. A thing dropped on a card is connected to it if exactly one
 * connection is possible. All of it is one undo step.
 */
export async function droppedOn(
  canvas: CanvasController,
  card: string | undefined,
  add: () => Promise<string[]>
): Promise<void> {
  if (!card) {
    const added = await add();
    added.forEach(id => show(canvas, id)); // at once: later moves happen below the next drop
    await whenChecked(canvas);
    added.forEach(id => show(canvas, id));
    return;
  }
  const close = canvas.doc.gesture();
  try {
    const [id, ...more] = await add();
    if (id !== undefined && !more.length) {
      canvas.doc.move([[id, placeBeside(canvas, id, card, true)]]);
      show(canvas, id);
      await whenChecked(canvas);
      wire(canvas, id, card);
    }
  } finally {
    close();
  }
}

function wire(canvas: CanvasController, id: string, card: string): void {
  const after = arrows(canvas, card, id, 'output');
  const found = after.length ? after : arrows(canvas, card, id, 'input');
  const named = new Set(canvas.checker.proposals.map(edgeId));
  const meant = found.length === 1 ? found : found.filter(edge => named.has(edgeId(edge)));
  meant.forEach(edge => connect(canvas, edge));
  if (found.length && !meant.length) {
    canvas.say(canvas.trans.__('Several connections are possible. Draw the one you want.'));
  }
  canvas.doc.move([[id, placeBeside(canvas, id, card, meant[0]?.target !== card)]]);
  show(canvas, id);
}

/** Return the possible connections between the ports of a card and the new card. */
function arrows(
  canvas: CanvasController,
  card: string,
  id: string,
  role: 'input' | 'output'
): IEdge[] {
  const ports = canvas.checker.ports(card);
  return (ports ? portsOf(ports) : [])
    .filter(port => port.role === role)
    .flatMap(port => fitting(canvas, { node: card, port: port.name }, id).edges);
}
