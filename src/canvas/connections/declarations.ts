/** Declares files of nodes, removes declarations, and connects the ports. */
import { codeDescribed } from '../../api/documents/codeDescribed';
import { IDeclared, IDeclareFiles } from '../../components/OpenedFiles';
import { IArgument } from '../../document/arguments';
import { fittingEdges, portsOf } from '../../document/edges';
import { edgeId } from '../../document/flow';
import { connect, connectToNode, drawProposals, fitting, IEnd } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { codeOf, declareIn, follows, openedAt, tagCellIn } from '../model/declaring';
import { IProposal } from '../model/tokens';
import { whenChecked } from '../model/whenChecked';

/** A path with an extension, without the scheme of a URL. */
const FILE_NAME = /^[^:]+\.([a-z]\w*)$/i;

/**
 * Change the description of a node's code, and read the node again. Then connect new ports whose
 * file another port names; connections of removed ports are removed.
 */
export async function declareFiles(
  canvas: CanvasController,
  id: string,
  change: IDeclareFiles
): Promise<IDeclared> {
  const { doc } = canvas;
  const code = codeOf(canvas, id);
  const gone = (node: string, port: string) =>
    !!change.remove?.includes(port) && follows(canvas, node, code);
  const close = doc.gesture();
  let connected: Promise<void> | undefined;
  try {
    const done = await declareIn(canvas, code, change);
    const cut = doc
      .allEdges()
      .filter(edge => gone(edge.source, edge.output) || gone(edge.target, edge.input));
    if (cut.length) {
      doc.remove([], cut.map(edgeId));
    }
    connected = connectDeclared(canvas, code, done.added);
    return done;
  } finally {
    void Promise.resolve(connected).finally(close);
  }
}

/** Make a cell of a node's notebook its parameters cell, and read the node again. */
export async function tagCell(canvas: CanvasController, id: string, cell: number): Promise<void> {
  try {
    canvas.say((await tagCellIn(canvas, codeOf(canvas, id), cell)) ?? '');
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  }
}

/** Connect ports that are declared elsewhere while the canvas is shown, such as in Run Info. */
export function followDeclarations(canvas: CanvasController): () => void {
  const onDescribed: Parameters<typeof codeDescribed.connect>[0] = (_, described) => {
    if (described && !canvas.readOnly && canvas.stage?.offsetParent) {
      void connectDeclared(canvas, described.code, described.added);
    }
  };
  codeDescribed.connect(onDescribed);
  return () => void codeDescribed.disconnect(onDescribed);
}

/** Connect declared ports of a code file to the only ports that name the same file. */
async function connectDeclared(
  canvas: CanvasController,
  code: string,
  added: IDeclared['added']
): Promise<void> {
  if (!added.length) {
    return;
  }
  await whenChecked(canvas);
  const fileOf = (node: string, own: 'input' | 'output', port: string) => {
    const argument =
      follows(canvas, node, code) && added.find(({ name, role }) => name === port && role === own);
    return argument ? String(openedAt(argument as Partial<IArgument>) ?? argument.default) : '';
  };
  const fileIn = ({ source, output, target, input }: IProposal) =>
    fileOf(source, 'output', output) || fileOf(target, 'input', input);
  const meant = canvas.checker.proposals.filter(edge => edge.by_file && fileIn(edge));
  const drawn = drawProposals(canvas, meant);
  if (drawn.length) {
    canvas.say(canvas.trans.__('Connected %1.', [...new Set(drawn.map(fileIn))].join(', ')));
  }
}

/**
 * Return the parameters of a node whose default names a file that a connection from here could
 * bring or take, each with its connection.
 */
export function declarable(canvas: CanvasController, from: IEnd, node: string) {
  const { checker, doc } = canvas;
  // pinned ports stay as they are, and the server refuses code of other kinds
  const { version, pin } = doc.node(node) ?? {};
  const isFixed = canvas.readOnly || version || pin || !codeOf(canvas, node);
  if (isFixed || checker.reading(node)?.kind !== 'notebook') {
    return [];
  }
  const here = checker.ports(from.node);
  const isInput = here && portsOf(here).some(p => p.name === from.port && p.role === 'input');
  const role = isInput ? ('output' as const) : ('input' as const);
  return (checker.reading(node)?.arguments ?? []).flatMap(argument => {
    const { name = '', role: now = 'value', type = 'string', default: path, reach } = argument;
    const format = now === 'value' && type === 'string' && !reach && FILE_NAME.exec(`${path}`)?.[1];
    if (!format) {
      return [];
    }
    const there = { type: 'executable', arguments: [{ name, role, format }] };
    const [edge] = fittingEdges(from, node, doc.allEdges(), id =>
      id === node ? there : checker.ports(id)
    ).edges;
    return edge ? [{ id: name, label: `${name} = ${path}`, edge, role, path: `${path}` }] : [];
  });
}

/** Connect to a card; if no port fits, offer to declare a parameter that names a file. */
export async function connectToCard(
  canvas: CanvasController,
  from: IEnd,
  node: string,
  at?: { x: number; y: number }
): Promise<void> {
  const { trans } = canvas;
  const items = fitting(canvas, from, node).edges.length ? [] : declarable(canvas, from, node);
  if (!items.length) {
    return connectToNode(canvas, from, node, at);
  }
  const question =
    items[0].role === 'input'
      ? trans.__('Declare as an input and connect')
      : trans.__('Declare as an output and connect');
  const picked = await canvas.pick(question, items, at);
  const chosen = items.find(({ id }) => id === picked?.id);
  if (!chosen) {
    return;
  }
  const { role, path, edge } = chosen;
  const close = canvas.doc.gesture();
  try {
    await declareIn(canvas, codeOf(canvas, node), { [`${role}s`]: [path] });
    await whenChecked(canvas);
    await connect(canvas, edge);
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  } finally {
    close();
  }
}
