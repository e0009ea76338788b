/** Adds what is dropped on the canvas: connects it to a card, or inserts it into a connection. */
import { fittingEdges, portsOf } from '../../document/edges';
import { edgeId, IEdge, isGroup } from '../../document/flow';
import { dropIntoFrame } from '../groups/grouping';
import { connect, fitting, leastDeclaring } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { groupPorts } from '../model/diagram/groupPorts';
import { whenChecked } from '../model/whenChecked';
import { showCard } from './navigation';
import { placeBeside } from '../model/placement';

/**
 * Add things where they were dropped, in one undo step. A thing dropped on a connection is inserted
 * into it. A thing dropped on a card, also of a folded group, is connected to it if exactly one
 * connection is possible. A thing dropped on the frame of a group is put into the group.
 */
export async function insertOrConnect(
  canvas: CanvasController,
  card: string | undefined,
  add: () => Promise<string[]>,
  edge?: string,
  point?: { x: number; y: number }
): Promise<void> {
  if (!card && edge) {
    const close = canvas.doc.gesture();
    try {
      const [id, ...more] = await add();
      if (id !== undefined && !more.length) {
        await whenChecked(canvas);
        insertInto(canvas, id, edge);
      }
    } finally {
      close();
    }
    return;
  }
  if (!card) {
    const close = canvas.doc.gesture();
    let added: string[];
    try {
      added = await add();
      if (point && added.length) {
        dropIntoFrame(canvas, added[0], point);
      }
    } finally {
      close();
    }
    added.forEach(id => showCard(canvas, id)); // at once: later moves happen below the next drop
    await whenChecked(canvas);
    added.forEach(id => showCard(canvas, id));
    return;
  }
  const close = canvas.doc.gesture();
  try {
    const [id, ...more] = await add();
    if (id !== undefined && !more.length) {
      canvas.doc.move([[id, placeBeside(canvas, id, card, true)]]);
      showCard(canvas, id);
      await whenChecked(canvas);
      await wire(canvas, id, card);
    }
  } finally {
    close();
  }
}

/** Return the connection at a point of the window. */
export function edgeAt(x: number, y: number): string | undefined {
  const edges = document
    .elementsFromPoint(x, y)
    .map(element => element.closest('.react-flow__edge'));
  return edges.find(Boolean)?.getAttribute('data-id') ?? undefined;
}

/** Put a node into a connection, if it can take its data and provide what the target takes. */
export function insertInto(canvas: CanvasController, id: string, edge: string): boolean {
  const old = canvas.doc.edge(edge);
  if (!old || id === old.source || id === old.target) {
    return false;
  }
  const others = canvas.doc.allEdges().filter(candidate => edgeId(candidate) !== edge);
  const { declared } = canvas.checker;
  const into = fittingEdges({ node: old.source, port: old.output }, id, others, declared).edges;
  const from = fittingEdges({ node: old.target, port: old.input }, id, others, declared).edges;
  if (into.length !== 1 || from.length !== 1) {
    canvas.say(
      into.length && from.length
        ? canvas.trans.__('Several connections are possible. Draw the ones you want.')
        : canvas.trans.__('The node does not fit into this connection.')
    );
    return false;
  }
  canvas.doc.edit(() => {
    canvas.doc.remove([], [edge]);
    canvas.doc.connect(into[0]);
    canvas.doc.connect(from[0]);
  });
  canvas.say(canvas.trans.__('Inserted into the connection.'));
  return true;
}

async function wire(canvas: CanvasController, id: string, card: string): Promise<void> {
  const after = arrows(canvas, card, id, 'output');
  const possible = leastDeclaring(canvas, after.length ? after : arrows(canvas, card, id, 'input'));
  const named = new Set(canvas.checker.proposals.map(edgeId));
  const meant = possible.length === 1 ? possible : possible.filter(edge => named.has(edgeId(edge)));
  for (const edge of meant) {
    await connect(canvas, edge);
  }
  if (possible.length && !meant.length) {
    canvas.say(canvas.trans.__('Several connections are possible. Draw the one you want.'));
  }
  const isAfter = !meant.some(({ source }) => source === id);
  canvas.doc.move([[id, placeBeside(canvas, id, card, isAfter)]]);
  showCard(canvas, id);
}

/** Return the possible connections between the ports of a card and the new card. */
function arrows(
  canvas: CanvasController,
  card: string,
  id: string,
  role: 'input' | 'output'
): IEdge[] {
  const { checker, store, views } = canvas;
  if (isGroup(card)) {
    const [inputs, outputs] = groupPorts(store.tree, views, card);
    const own = role === 'input' ? inputs : outputs;
    return own.flatMap(({ node, name }) => fitting(canvas, { node, port: name }, id).edges);
  }
  const ports = checker.ports(card);
  return (ports ? portsOf(ports) : [])
    .filter(port => port.role === role)
    .flatMap(port => fitting(canvas, { node: card, port: port.name }, id).edges);
}
