/** Connects nodes: port to port, to a whole node, by keyboard, and automatically. */
import { checkEdge, fittingEdges, IFitting, portsOf } from '../../document/edges';
import { edgeId, IEdge, isGroup } from '../../document/flow';
import { portName } from '../../document/maps/map';
import { CanvasController } from './controller';
import { declareProposals, isOfFile, withFiles } from './declaring';
import { ensureId } from './identity';
import { titleOf } from './nodeViews';
import { bodyRefusalText, noPortsText, refusalText } from './texts';
import { IPick, IProposal } from './tokens';

export interface IEnd {
  node: string;
  port: string;
}

/** Return why a connection is not allowed, as text; undefined if it is. */
export function refusal(canvas: CanvasController, edge: IEdge): string | undefined {
  const ports = canvas.checker.ports;
  const refused = checkEdge(edge, canvas.doc.allEdges(), ports);
  return refused && refusalText(refused, edge, ports, canvas.trans);
}

/** Connect two ports as one undo step; suggested ports are declared first. */
export async function connect(canvas: CanvasController, edge: IEdge): Promise<boolean> {
  const { doc, trans } = canvas;
  const reason = refusal(canvas, edge);
  if (reason) {
    canvas.say(reason, true);
    return false;
  }
  ensureId(canvas);
  const close = doc.gesture();
  try {
    const meant = withFiles(canvas, edge);
    const [drawn] = isOfFile(meant) ? await declareProposals(canvas, [meant]) : [edge];
    doc.connect(drawn);
    const { source, output, target, input } = drawn;
    const [from, to] = [title(canvas, source), title(canvas, target)];
    const [out, into] = [output, input].map(port => portName(port, trans));
    canvas.say(trans.__('Connected %1 of %2 to %3 of %4.', out, from, into, to));
    return true;
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
    return false;
  } finally {
    close();
  }
}

/** Return the possible connections to a card; for a group, to all nodes in it. */
export function fitting(canvas: CanvasController, from: IEnd, card: string): IFitting {
  const { checker, doc, store } = canvas;
  const nodes = isGroup(card) ? store.tree.leaves(card).filter(id => doc.nodes.has(id)) : [card];
  const fits = nodes.map(node => fittingEdges(from, node, doc.allEdges(), checker.ports));
  const edges = fits.flatMap(({ edges }) => edges);
  return { edges: leastDeclaring(canvas, edges), refused: fits[0]?.refused };
}

/** Return those connections that declare the fewest files; files of the same name count as declared. */
export function leastDeclaring(canvas: CanvasController, edges: readonly IEdge[]): IEdge[] {
  const same = new Set(canvas.checker.proposals.filter(isOfFile).map(edgeId));
  const count = (edge: IEdge) => {
    const { writes, reads } = withFiles(canvas, edge);
    return same.has(edgeId(edge)) ? 0 : Number(!!writes) + Number(!!reads);
  };
  const least = Math.min(...edges.map(count));
  return edges.filter(edge => count(edge) === least);
}

/** Connect to the one port of a card that fits, or ask if several fit. */
export async function connectToNode(
  canvas: CanvasController,
  from: IEnd,
  node: string,
  at?: { x: number; y: number }
): Promise<void> {
  const fit = fitting(canvas, from, node);
  if (!fit.edges.length) {
    canvas.say(bodyRefusalText(fit.refused, canvas.trans), true);
    return;
  }
  if (fit.edges.length === 1) {
    await connect(canvas, fit.edges[0]);
    return;
  }
  const backwards = fit.edges[0].target === from.node;
  const question = backwards
    ? canvas.trans.__('Choose an output')
    : canvas.trans.__('Choose an input');
  const items = fit.edges.map(edge => {
    const [id, port] = backwards ? [edge.source, edge.output] : [edge.target, edge.input];
    const label = id === node ? portName(port, canvas.trans) : endText(canvas, id, port);
    return { id: edgeId(edge), label, detail: formatAt(canvas, id, port) };
  });
  const chosen = await canvas.pick(question, items, at);
  const edge = fit.edges.find(candidate => edgeId(candidate) === chosen?.id);
  if (edge) {
    await connect(canvas, edge);
  }
}

/** Choose from a list of all possible connections of these nodes to others. */
export async function connectByList(
  canvas: CanvasController,
  ...nodes: readonly string[]
): Promise<void> {
  const { trans } = canvas;
  const owns = nodes.map(node => ({ node, ports: canvas.checker.ports(node) }));
  const ends = owns.flatMap(({ node, ports }) =>
    (ports ? portsOf(ports) : []).map(({ name }) => ({ node, port: name }))
  );
  if (!ends.length && owns.some(({ ports }) => ports?.arguments)) {
    canvas.say(noPortsText(trans), true);
    return;
  }
  const own = new Set(nodes);
  const others = [...canvas.doc.nodes.keys()].filter(id => !own.has(id));
  const { checker, doc } = canvas;
  const edges = ends.flatMap(end =>
    others.flatMap(id => fittingEdges(end, id, doc.allEdges(), checker.ports).edges)
  );
  if (!edges.length) {
    canvas.say(trans.__('No other node has a matching port.'), true);
    return;
  }
  const items: IPick[] = edges.map(edge => ({
    id: edgeId(edge),
    label: own.has(edge.source)
      ? `${portName(edge.output, trans)} → ${endText(canvas, edge.target, edge.input)}`
      : `${portName(edge.input, trans)} ← ${endText(canvas, edge.source, edge.output)}`
  }));
  const picked = await canvas.pick(trans.__('Connect %1 …', title(canvas, nodes[0])), items);
  const edge = edges.find(candidate => edgeId(candidate) === picked?.id);
  if (edge) {
    await connect(canvas, edge);
  }
}

/** Draw those proposals that the rules allow, as one undo step, and return them. */
export function drawProposals(
  canvas: CanvasController,
  proposals: readonly IProposal[]
): readonly IProposal[] {
  const drawn: IProposal[] = [];
  canvas.doc.edit(() => {
    for (const proposal of proposals) {
      const { source, output, target, input, writes, reads } = proposal;
      const edge = { source, output, target, input };
      if (!writes && !reads && !refusal(canvas, edge)) {
        canvas.doc.connect(edge);
        drawn.push(proposal);
      }
    }
  });
  return drawn;
}

/** Draw the server's proposals; return their count. */
export function connectAutomatically(canvas: CanvasController): number {
  const drawn = drawProposals(canvas, canvas.checker.proposals).length;
  const { trans } = canvas;
  const added = drawn
    ? trans._n('Added one connection.', 'Added %1 connections.', drawn)
    : trans.__('No more ports match by name, type and format.');
  canvas.say([added, openText(canvas)].filter(Boolean).join(' '));
  return drawn;
}

/** The highest numbers of open inputs to check, and to name in the message. */
const [LOOKED, NAMED] = [50, 4];

/** Return which inputs stay open because several outputs fit; empty for none. */
function openText(canvas: CanvasController): string {
  const { checker, doc, trans } = canvas;
  const ids = [...doc.nodes.keys()];
  const taken = new Set(doc.allEdges().map(({ target, input }) => `${target} ${input}`));
  const open = ids.flatMap(node => {
    const ports = checker.declared(node);
    const inputs = ports ? portsOf(ports).filter(({ role }) => role === 'input') : [];
    return inputs.map(({ name }) => ({ node, port: name }));
  });
  const several = open
    .filter(({ node, port }) => !taken.has(`${node} ${port}`))
    .slice(0, LOOKED)
    .filter(from => {
      let count = 0;
      return ids.some(
        id => id !== from.node && (count += fitting(canvas, from, id).edges.length) > 1
      );
    });
  const names = several.map(({ node, port }) => trans.__('%1 of %2', port, title(canvas, node)));
  const shown = [...names.slice(0, NAMED), ...(names.length > NAMED ? ['…'] : [])].join(', ');
  return names.length
    ? trans._n(
        'One input fits several outputs: %2.',
        '%1 inputs fit several outputs: %2.',
        names.length,
        shown
      )
    : '';
}

export function title(canvas: CanvasController, id: string): string {
  const view = canvas.views.get(id);
  if (!view) {
    return titleOf(id, canvas.doc.node(id) ?? {});
  }
  return view.alike ? `${view.title} (${id})` : view.title;
}

/** Return an end of a connection as `title.port`. */
export function endText(canvas: CanvasController, id: string, port: string): string {
  return `${title(canvas, id)}.${portName(port, canvas.trans)}`;
}

function formatAt(canvas: CanvasController, node: string, port: string): string {
  const ports = canvas.checker.ports(node);
  return (ports && portsOf(ports).find(candidate => candidate.name === port)?.format) || '';
}
