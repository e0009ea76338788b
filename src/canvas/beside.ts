/** What is dropped on a card stands beside it, wired. */
import { portsOf } from '../document/edges';
import { edgeId, IEdge } from '../document/flow';
import { connect, fitting } from './connecting';
import { CanvasController } from './controller';
import { show } from './navigation';
import { placeBeside } from './places';

/** How long the server may take to say what the new card is, in milliseconds. */
const PATIENCE = 4000;

/**
 * Add things where they were dropped. One that was dropped on a card gets the arrows from that
 * card, or to it, that leave no doubt; all of it is one undo step.
 */
export async function droppedOn(
  canvas: CanvasController,
  card: string | undefined,
  add: () => Promise<string[]>
): Promise<void> {
  if (!card) {
    const added = await add();
    added.forEach(id => show(canvas, id)); // at once: what moves later moves below the next drop
    await answered(canvas);
    added.forEach(id => show(canvas, id));
    return;
  }
  const close = canvas.doc.gesture();
  try {
    const [id, ...more] = await add();
    if (id !== undefined && !more.length) {
      canvas.doc.move([[id, placeBeside(canvas, id, card, true)]]);
      show(canvas, id);
      await answered(canvas);
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
    canvas.say(canvas.trans.__('Several arrows fit: draw the one that is meant.'));
  }
  canvas.doc.move([[id, placeBeside(canvas, id, card, meant[0]?.target !== card)]]);
  show(canvas, id);
}

/** The arrows that may be drawn now from outputs, or to inputs, of a card to the new one. */
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

/** Until the server has said what the newest document means and it is drawn, or too long. */
export async function answered({ checker }: CanvasController): Promise<void> {
  await new Promise<void>(resolve => {
    const done = () => {
      if (checker.settled || timedOut) {
        window.clearTimeout(timer);
        checker.changed.disconnect(done);
        requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
      }
    };
    let timedOut = false;
    const timer = window.setTimeout(() => {
      timedOut = true;
      done();
    }, PATIENCE);
    checker.changed.connect(done);
  });
}
