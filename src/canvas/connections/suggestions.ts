/** Suggests to connect nodes by the files that they write and read, and draws what was chosen. */
import { PathExt } from '@jupyterlab/coreutils';
import { cellText } from '../../api/documents/tagCell';
import { edgeId } from '../../document/flow';
import { drawProposals, title } from '../model/connecting';
import { CanvasController } from '../model/controller';
import { codeOf, declareProposals, isOfFile, tagCellIn } from '../model/declaring';
import { IProposal } from '../model/tokens';

/** What one tick of the dialog stands for. */
export interface ISuggestion {
  id: string;
  kind: 'connection' | 'result' | 'parameters';
  /** A path from the workflow's folder, or a cell. */
  what: string;
  /** The nodes: "clean.ipynb → train.ipynb, report.ipynb". */
  where: string;
  detail?: string;
  /** Whether it is ticked at first: a notebook is not changed unasked. */
  ticked: boolean;
  proposals?: IProposal[];
  result?: { node: string; path: string };
  tag?: { node: string; cell: number };
}

/** Return the suggestions for the whole workflow; none if there is only something to connect. */
export function suggestionsOf(canvas: CanvasController): ISuggestion[] {
  const { checker, doc, trans } = canvas;
  const connections = new Map<string, ISuggestion>();
  for (const proposal of checker.proposals) {
    const { source, output, target, input, reason, writes, reads } = proposal;
    const what = shownPath(canvas, source, writes) || reads || `${output} → ${input}`;
    const id = `${source} ${writes || output}`;
    const known = connections.get(id);
    if (known) {
      known.proposals!.push(proposal);
      known.where += `, ${title(canvas, target)}`;
    } else {
      const where = `${title(canvas, source)} → ${title(canvas, target)}`;
      const made: ISuggestion = {
        id,
        kind: 'connection',
        what,
        where,
        detail: reason,
        ticked: true
      };
      connections.set(id, { ...made, proposals: [proposal] });
    }
  }
  const results: ISuggestion[] = [];
  const cells: ISuggestion[] = [];
  for (const node of doc.nodes.keys()) {
    const { tag_cell: cell, tag_names: names = [] } = checker.reading(node) ?? {};
    const where = title(canvas, node);
    for (const { path, role } of checker.suggested(node)) {
      const id = `${node} ${path}`;
      if (role === 'output' && !connections.has(id)) {
        results.push({
          id,
          kind: 'result',
          what: shownPath(canvas, node, path),
          where,
          ticked: true,
          result: { node, path }
        });
      }
    }
    if (typeof cell === 'number') {
      const what = cellText(cell, names, trans);
      const tag = { node, cell };
      cells.push({ id: `${node} ${cell}`, kind: 'parameters', what, where, ticked: false, tag });
    }
  }
  // what only connects is drawn without a question
  const isNeeded =
    results.length > 0 ||
    checker.proposals.some(isOfFile) ||
    (cells.length > 0 && !connections.size);
  return isNeeded ? [...connections.values(), ...results, ...cells] : [];
}

function shownPath(canvas: CanvasController, node: string, path?: string | null): string {
  const code = codeOf(canvas, node);
  if (!path || !code || path.startsWith('/')) {
    return path ?? '';
  }
  const from = PathExt.dirname(canvas.path) || '.';
  return PathExt.relative(from, PathExt.join(PathExt.dirname(code), path));
}

/** Return the offer in one sentence, such as "Connect 3 notebooks by 2 files". */
export function offerText(canvas: CanvasController, offered: readonly ISuggestion[]): string {
  const { checker, trans } = canvas;
  const connections = offered.filter(({ kind }) => kind === 'connection');
  const ends = connections.flatMap(({ proposals = [] }) =>
    proposals.flatMap(({ source, target }) => [source, target])
  );
  const nodes = [...new Set(ends)];
  const isNotebooks = nodes.every(node => checker.reading(node)?.kind === 'notebook');
  const what = isNotebooks
    ? trans._n('%1 notebook', '%1 notebooks', nodes.length)
    : trans._n('%1 node', '%1 nodes', nodes.length);
  return nodes.length
    ? trans._n(
        'Connect %2 by one file that they write and read',
        'Connect %2 by %1 files that they write and read',
        connections.length,
        what
      )
    : offered.some(({ kind }) => kind === 'result')
      ? trans.__('Declare results')
      : trans.__('Choose parameters');
}

/** Declare the files of the chosen suggestions and draw the connections, as one undo step. */
export async function applySuggestions(
  canvas: CanvasController,
  chosen: readonly ISuggestion[]
): Promise<void> {
  const { trans } = canvas;
  const close = canvas.doc.gesture();
  try {
    for (const { node, cell } of chosen.flatMap(({ tag }) => tag ?? [])) {
      await tagCellIn(canvas, codeOf(canvas, node), cell);
    }
    const meant = chosen.flatMap(({ proposals = [] }) => proposals);
    const results = chosen.flatMap(({ result }) => result ?? []);
    const edges = await declareProposals(canvas, meant, results);
    const drawn = drawProposals(canvas, edges).length;
    const said = [
      drawn && trans._n('Added one connection.', 'Added %1 connections.', drawn),
      results.length && trans._n('Declared one result.', 'Declared %1 results.', results.length)
    ];
    canvas.say(said.filter(Boolean).join(' '));
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  } finally {
    close();
  }
}

/** Offer new suggestions when nodes were added, or a run showed which files its code opens. */
export function offerSuggestions(
  canvas: CanvasController,
  choose: (canvas: CanvasController) => unknown
): () => void {
  const { checker, doc, trans } = canvas;
  const keys = () => checker.proposals.filter(isOfFile).map(edgeId);
  // the first nodes of an empty workflow are new
  let known: ReadonlySet<string> | undefined = doc.nodes.size ? undefined : new Set();
  const onChecked = () => {
    if (!checker.settled || checker.unreachable !== undefined) {
      return;
    }
    const now = keys();
    const isNew = known && now.some(key => !known!.has(key));
    known = new Set([...(known ?? []), ...now]);
    if (isNew && !canvas.readOnly) {
      const run = () => void choose(canvas);
      const text = offerText(canvas, suggestionsOf(canvas));
      canvas.say(trans.__('%1?', text), false, undefined, { label: trans.__('Connect…'), run });
    }
  };
  checker.changed.connect(onChecked);
  return () => void checker.changed.disconnect(onChecked);
}
