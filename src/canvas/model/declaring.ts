/** Declares files that code opens, and takes declarations back with Undo. */
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { codeDescribed } from '../../api/documents/codeDescribed';
import { IDeclared, IDeclareFiles } from '../../components/OpenedFiles';
import { IArgument } from '../../document/arguments';
import { IEdge } from '../../document/flow';
import { CanvasController } from './controller';
import { resolvePath } from './editing';
import { IProposal } from './tokens';
import { whenChecked } from './whenChecked';

/** Return the path that the code itself uses for an input or output. */
export function openedAt(argument: Pick<Partial<IArgument>, 'reach'>): string | undefined {
  const reach = argument.reach as { kind?: string; path?: string } | null | undefined;
  return reach?.kind === 'file' ? reach.path : undefined;
}

export function isOfFile({ writes, reads }: IProposal): boolean {
  return !!writes || !!reads;
}

/** Return a connection with the files that it would declare. */
export function withFiles({ checker }: CanvasController, edge: IEdge): IProposal {
  const fileAt = (node: string, port: string) =>
    checker.suggested(node).find(({ name }) => name === port)?.path;
  const { source, output, target, input } = edge;
  return { ...edge, writes: fileAt(source, output), reads: fileAt(target, input) };
}

/** Whether a node has the ports that a code file describes now, not those of a version or pin. */
export function follows(canvas: CanvasController, id: string, code: string): boolean {
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

/** Declare files, and return the connections with the names of the declared ports. */
export async function declareProposals(
  canvas: CanvasController,
  meant: readonly IProposal[],
  results: readonly { node: string; path: string }[] = []
): Promise<IEdge[]> {
  const wanted = new Map<string, { inputs: string[]; outputs: string[] }>();
  const want = (node: string, role: 'inputs' | 'outputs', path = '') => {
    const code = codeOf(canvas, node); // several nodes may use the same file
    const own = wanted.get(code) ?? { inputs: [], outputs: [] };
    if (path && !own[role].includes(path)) {
      own[role].push(path);
      wanted.set(code, own);
    }
  };
  for (const { source, target, writes, reads } of meant) {
    want(source, 'outputs', writes);
    want(target, 'inputs', reads);
  }
  for (const { node, path } of results) {
    want(node, 'outputs', path);
  }
  const names = new Map<string, string>();
  for (const [code, change] of wanted) {
    for (const argument of (await declareIn(canvas, code, change)).added) {
      const path = openedAt(argument) ?? argument.default;
      names.set(`${code} ${argument.role} ${path}`, argument.name);
    }
  }
  canvas.checker.ask(0);
  await whenChecked(canvas);
  return meant.map(({ source, output, target, input, writes, reads }) => ({
    source,
    output: names.get(`${codeOf(canvas, source)} output ${writes}`) ?? output,
    target,
    input: names.get(`${codeOf(canvas, target)} input ${reads}`) ?? input
  }));
}

/** Change the description of a code file as an undo step, and read its nodes again. */
export async function declareIn(
  canvas: CanvasController,
  code: string,
  change: IDeclareFiles
): Promise<IDeclared> {
  const { backend } = canvas.services;
  if (!backend || !code) {
    throw new Error(canvas.trans.__('This node has no code file to describe.'));
  }
  return describe(canvas, code, `${code}.nbexec`, () => backend.declare(code, change));
}

/** Make a cell of a notebook its parameters cell as an undo step; return the message about it. */
export async function tagCellIn(canvas: CanvasController, code: string, cell: number) {
  const tag = async () => canvas.services.backend?.tagCell(code, cell);
  return describe(canvas, code, code, tag);
}

/** Let the server change the file at `path`, which Undo changes back if it is still the same. */
async function describe<T>(
  canvas: CanvasController,
  code: string,
  path: string,
  change: () => Promise<T>
): Promise<T> {
  const before = await textAt(canvas, path);
  const done = await change();
  const after = await textAt(canvas, path);
  if (before !== undefined && after !== undefined && before !== after) {
    joinUndo(canvas, code, isUndone => {
      const [from, to] = isUndone ? [after, before] : [before, after];
      return replace(canvas, path, from, to);
    });
  }
  lookAgain(canvas);
  return done;
}

function lookAgain({ checker }: CanvasController): void {
  codeDescribed.emit(); // also to Run Info, which offers the files
  checker.ask(0);
}

/** Undo and redo a change outside the document with a step that marks the nodes of the code. */
function joinUndo(
  canvas: CanvasController,
  code: string,
  swap: (isUndone: boolean) => Promise<void>
): void {
  const { doc } = canvas;
  const { undoManager: steps } = doc;
  doc.edit(() => {
    for (const [id, node] of doc.nodes) {
      if (follows(canvas, id, code)) {
        node.set('type', node.get('type')); // no step without a change of the document
      }
    }
  });
  let own = steps.undoStack.at(-1);
  steps.on('stack-item-popped', ({ stackItem, type }) => {
    if (stackItem === own) {
      own = (type === 'undo' ? steps.redoStack : steps.undoStack).at(-1);
      swap(type === 'undo').catch((error: Error) => canvas.say(error.message, true));
    }
  });
}

/** Return the text of a file, null if there is none, or undefined if it cannot be read. */
async function textAt({ contents }: CanvasController, path: string) {
  try {
    const folder = await contents.get(PathExt.dirname(path), { content: true });
    const files = folder.content as readonly Contents.IModel[];
    if (!files.some(({ name }) => name === PathExt.basename(path))) {
      return null;
    }
    const file = await contents.get(path, { type: 'file', format: 'text', content: true });
    return file.content as string;
  } catch {
    return undefined;
  }
}

/** Write another text, unless the file has other changes. */
async function replace(
  canvas: CanvasController,
  path: string,
  from: string | null,
  to: string | null
): Promise<void> {
  const { contents, trans } = canvas;
  if ((await textAt(canvas, path)) !== from) {
    canvas.say(trans.__('%1 has other changes, so its declarations stay.', path), true);
    return;
  }
  await (to === null
    ? contents.delete(path)
    : contents.save(path, { type: 'file', format: 'text', content: to }));
  lookAgain(canvas);
}
