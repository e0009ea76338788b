/** Declares files that code opens, removes declarations, and connects them. */
import { codeDescribed } from '../../api/documents/codeDescribed';
import { IDeclared, IDeclareFiles } from '../../components/OpenedFiles';
import { IArgument } from '../../document/arguments';
import { fittingEdges, portsOf } from '../../document/edges';
import { edgeId } from '../../document/flow';
import { connect, connectToNode, drawProposals, fitting, IEnd } from './connecting';
import { CanvasController } from './controller';
import { resolvePath } from './editing';
import { IProposal } from './tokens';
import { whenChecked } from './whenChecked';

/** A path with an extension, without the scheme of a URL. */
const FILE_NAME = /^[^:]+\.([a-z]\w*)$/i;

/** Return the path that the code itself uses for an input or output. */
export function openedAt(argument: Pick<Partial<IArgument>, 'reach'>): string | undefined {
  const reach = argument.reach as { kind?: string; path?: string } | null | undefined;
  return reach?.kind === 'file' ? reach.path : undefined;
}

/**
 * Change the description of a node's code, and read the node again. Then connect new ports whose
 * file another port names; connections of removed ports are removed.
 */
export async function declareFiles(
  canvas: CanvasController,
  id: string,
  change: IDeclareFiles
): Promise<IDeclared> {
  const code = codeOf(canvas, id);
  const done = await declareIn(canvas, code, change);
  const gone = (node: string, port: string) =>
    !!change.remove?.includes(port) && follows(canvas, node, code);
  const cut = canvas.doc
    .allEdges()
    .filter(edge => gone(edge.source, edge.output) || gone(edge.target, edge.input));
  if (cut.length) {
    canvas.doc.remove([], cut.map(edgeId));
  }
  void connectDeclared(canvas, code, done.added);
  return done;
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

/** Whether a node has the ports that a code file describes now, not those of a version or pin. */
function follows(canvas: CanvasController, id: string, code: string): boolean {
  const { version, pin } = canvas.doc.node(id) ?? {};
  return !version && !pin && codeOf(canvas, id) === code;
}

/** Return the path of a node's code file; empty for other nodes. */
export function codeOf({ checker, doc, path: base }: CanvasController, id: string): string {
  const path = doc.node(id)?.path;
  return typeof path === 'string'
    ? resolvePath(base, path)
    : (checker.codes.get(checker.reading(id)?.executable) ?? '');
}

/** Make a cell of a node's notebook its parameters cell, and read the node again. */
export async function tagCell(canvas: CanvasController, id: string, cell: number): Promise<void> {
  try {
    const done = await canvas.services.backend?.tagCell(codeOf(canvas, id), cell);
    canvas.say(done ?? '');
    canvas.checker.ask(0);
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
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
  try {
    await declareIn(canvas, codeOf(canvas, node), { [`${role}s`]: [path] });
    await whenChecked(canvas);
    connect(canvas, edge);
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  }
}

/** Change the description of a code file, and read its nodes again. */
export async function declareIn(
  canvas: CanvasController,
  code: string,
  change: IDeclareFiles
): Promise<IDeclared> {
  const { backend } = canvas.services;
  if (!backend || !code) {
    throw new Error(canvas.trans.__('This node has no code file to describe.'));
  }
  const done = await backend.declare(code, change);
  codeDescribed.emit(); // also to Run Info, which offers the files
  canvas.checker.ask(0);
  return done;
}

export function isOfFile({ writes, reads }: IProposal): boolean {
  return !!writes || !!reads;
}
