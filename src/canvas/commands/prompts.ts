/** Commands that first ask the user for input. */
import { InputDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { fileOf } from '../../api/paths';
import { Json } from '../../document/canonical';
import { fittingEdges, IPorts, portsOf } from '../../document/edges';
import { isGroup, Position } from '../../document/flow';
import { whenChecked } from '../model/whenChecked';
import { DEPTH, filesBeside } from '../palette/folderFiles';
import { detailOf, groupsOf, isLikely, keyOf, unique, usedRows } from '../palette/paletteGroups';
import { CanvasController } from '../model/controller';
import { connectByList, IEnd } from '../model/connecting';
import { connectToCard } from '../connections/declarations';
import { editComment } from '../arrange/comments';
import { renameGroup, toggleFold } from '../groups/grouping';
import { addThing, rename as setLabel, resolvePath } from '../model/editing';
import { focusNode } from '../model/focus';
import { titleOf } from '../model/nodeViews';
import { kindWord } from '../model/texts';
import { IPaletteRow, IPick } from '../model/tokens';

interface IPoint {
  x: number;
  y: number;
}

/** How long a panel needs to be drawn and measured, in milliseconds. */
const DRAWN = 50;

/**
 * Show a list of all possible nodes; Enter adds one: at a point of the window, or at the end of a
 * connection that was dropped on empty space.
 */
export async function quickAdd(
  canvas: CanvasController,
  point?: IPoint,
  end?: IEnd
): Promise<void> {
  const add = await chooseNode(canvas, point, end);
  if (!add) {
    return;
  }
  const close = canvas.doc.gesture();
  try {
    const [added] = await add();
    if (end && added) {
      await whenChecked(canvas);
      await connectToCard(canvas, end, added, point);
    }
  } finally {
    close();
  }
}

/** Return what adds the chosen node; undefined if the user cancels. */
async function chooseNode(
  canvas: CanvasController,
  point?: IPoint,
  end?: IEnd
): Promise<(() => Promise<string[]>) | undefined> {
  const { trans, services, checker, flow } = canvas;
  const { palette } = services;
  if (palette && palette.state !== 'ready') {
    await palette.refresh();
  }
  const files = await filesBeside(canvas, DEPTH);
  const used = await usedRows(canvas, files);
  const ports = end && checker.ports(end.node);
  const isOutput = ports && portsOf(ports).find(({ name }) => name === end.port)?.role === 'output';
  const offered = new Map<string, IPaletteRow>();
  const picksOf = (rows: readonly IPaletteRow[], group: number) =>
    rows
      .filter(row =>
        row.isFile ? !isOutput || row.type === 'executable' : !end || mayFit(canvas, end, row.ports)
      )
      .map(row => {
        offered.set(keyOf(row), row);
        return pickOf(row, group, trans);
      });
  const groupsFor = (known: readonly IPaletteRow[]) => {
    const { own, used: near, rest } = groupsOf(canvas.path, files, used, known);
    // without a connection, the datasets would hide the code
    const rank = (row: IPaletteRow) =>
      isLikely(row) ? Number((row.type === 'executable') !== (!end || isOutput)) : 2;
    return [own, near, rest].flatMap((rows, group) =>
      picksOf(
        [...rows].sort((left, right) => rank(left) - rank(right)),
        group
      )
    );
  };
  const title = !end
    ? trans.__('Add a node')
    : isOutput
      ? trans.__('Add a node that takes %1', end.port)
      : trans.__('Add a node that provides %1', end.port);
  const known = palette?.rows ?? [];
  const search = async (text: string) =>
    groupsFor(unique([...known, ...((await palette?.search(text)) ?? [])]));
  const chosen = await canvas.pick(title, groupsFor(known), point, search);
  const row = chosen && offered.get(chosen.id);
  if (!row) {
    return undefined;
  }
  const place = point && flow?.screenToFlowPosition(point);
  const at: Position | undefined = place && [Math.round(place.x), Math.round(place.y)];
  return () => addThing(canvas, row, at);
}

/** Return how a list shows a row of the palette. */
function pickOf(row: IPaletteRow, group: number, trans: TranslationBundle): IPick {
  const kind = row.kind ?? row.type;
  const word = isLikely(row) ? kindWord(kind, trans) : trans.__('file');
  const detail = detailOf({ ...row, detail: row.detail || word });
  return { id: keyOf(row), label: row.name, detail, kind, group };
}

/** Return whether a new node has a port for the end of a connection, or unknown ports. */
function mayFit({ checker }: CanvasController, end: IEnd, ports: IPorts | undefined): boolean {
  const portsFor = (id: string) => (id ? checker.ports(id) : ports);
  return !ports || fittingEdges(end, '', [], portsFor).edges.length > 0;
}

/** Go to a node that is chosen by name, state (`is:failed`, `is:stale`) or kind (`kind:notebook`). */
export async function findNode(canvas: CanvasController): Promise<void> {
  const { checker, doc, runs, trans } = canvas;
  // not from the views, which request the previews of all nodes
  const items = [...doc.nodes.keys()].map(id => {
    const { name, kind } = checker.reading(id) ?? {};
    const state = runs?.stateOf(id);
    const tags = [
      kind && `kind:${kind}`,
      state && `is:${state}`,
      canvas.views.staleOf(id) && 'is:stale',
      checker.problemsOf(id).length && 'is:problem'
    ];
    const label = titleOf(id, doc.node(id) ?? {}, name);
    return { id, label, detail: tags.filter(Boolean).join(' ') };
  });
  const chosen = await canvas.pick(
    trans.__('Find a node: name, is:failed, is:stale, kind:notebook'),
    items
  );
  if (chosen) {
    focusNode(canvas, chosen.id, true);
  }
}

/** Choose a connection of the first node, or of any node in the chosen group. */
export async function connectNode(canvas: CanvasController): Promise<void> {
  const { chosen, targets } = canvas;
  await connectByList(canvas, ...(chosen.some(isGroup) ? targets : targets.slice(0, 1)));
}

/** Ask for the name of the node, or open the name of the group. */
export async function rename(canvas: CanvasController): Promise<void> {
  const { chosen, trans } = canvas;
  const [id] = canvas.targets;
  if (chosen.some(isGroup)) {
    renameGroup(canvas);
    return;
  }
  const { value } = await InputDialog.getText({
    title: trans.__('Rename node'),
    label: trans.__('Label (leave empty to use the file name)'),
    text: canvas.views.get(id)?.title ?? ''
  });
  if (value !== null) {
    setLabel(canvas, id, value);
  }
}

/** Open the files of nodes; that of a failed node at the failing cell or line. */
export async function openNode(canvas: CanvasController): Promise<void> {
  for (const id of canvas.targets) {
    if (!(await openFile(canvas, id)) && !(await openRegistered(canvas, id))) {
      inspect(canvas);
    }
  }
}

/** Open the file of a node; return whether it has one. */
async function openFile(canvas: CanvasController, id: string): Promise<boolean> {
  const { checker, commands, doc } = canvas;
  const path = doc.node(id)?.path;
  const file = typeof path === 'string' ? fileOf(resolvePath(canvas.path, path)) : undefined;
  const place = canvas.runs?.failingSourceArgs(id);
  // the node may have another file since the run, whose executable is unknown until it is read
  const now = checker.reading(id)?.executable || place?.id;
  const isSame = !!place && place.id === now;
  const opened =
    isSame &&
    (await commands.execute('nbyard:edit-executable-source', { ...place, path: file }).then(
      () => true,
      () => false
    ));
  if (!opened && file !== undefined) {
    const model = canvas.contents.get(file, { content: false });
    const isFolder = await model.then(({ type }) => type === 'directory').catch(() => false);
    await commands.execute(isFolder ? 'filebrowser:go-to-path' : 'docmanager:open', { path: file });
  }
  return opened || file !== undefined;
}

/** Open the page of a dataset or executable that a node names; return whether there is one. */
async function openRegistered({ commands, doc }: CanvasController, id: string): Promise<boolean> {
  const { dataset, executable } = doc.node(id) ?? {};
  const [noun, item] = dataset ? ['dataset', dataset] : ['executable', executable];
  const command = `nbyard:open-${noun}`;
  if (typeof item !== 'string' || !commands.hasCommand(command)) {
    return false;
  }
  await commands.execute(command, { id: item });
  return true;
}

/** Deploy the model of a node, or one of its outputs; ask if there are several. */
export async function deployNode(canvas: CanvasController): Promise<void> {
  const { trans, commands, doc, path } = canvas;
  const [node] = canvas.targets;
  const file = node && doc.nodes.get(node)?.get('path');
  if (typeof file === 'string' && canvas.views.get(node)?.kind === 'model') {
    await commands.execute('nbyard:deploy-model', { path: resolvePath(path, file) });
    return;
  }
  const { run = '', outputs = [] } = (node && canvas.views.get(node)?.run?.models) || {};
  if (!outputs.length) {
    canvas.say(trans.__('This node created no model in the newest run.'), true);
    return;
  }
  const items = outputs.map(id => ({ id, label: id }));
  const chosen = items[1]
    ? await canvas.pick(trans.__('Choose the output to deploy'), items)
    : items[0];
  if (chosen) {
    await commands.execute('nbyard:deploy-output', { run, output: `${node}.${chosen.id}` });
  }
}

/** Choose the GPUs or the runtime of the selected nodes from one list. */
export async function chooseResources(canvas: CanvasController): Promise<void> {
  const { checker, doc, services, targets, trans } = canvas;
  if (canvas.readOnly) {
    return;
  }
  if (!targets.length) {
    canvas.say(trans.__('Select a node first.'), true);
    return;
  }
  const offered = await services.backend?.runtimes().catch(() => undefined);
  const runtimes = offered?.names ?? [];
  const choices: [string, string, Json, string][] = [
    [trans.__('CPU only'), 'gpu', 0, ''],
    ...[1, 2, 4].map((count): [string, string, Json, string] => [
      trans._n('%1 GPU', '%1 GPUs', count),
      'gpu',
      count,
      ''
    ]),
    ...runtimes.map((name): [string, string, Json, string] => [
      name,
      'runtime',
      name,
      trans.__('runtime')
    ])
  ];
  const items = choices.map(([label, , , detail], index) => ({ id: `${index}`, label, detail }));
  const chosen = await canvas.pick(trans.__('Where it runs'), items, placeOf(canvas, targets[0]));
  if (chosen) {
    const [, field, value] = choices[Number(chosen.id)];
    // a node sets no GPUs only if its executable requests some
    const isUsual = (id: string) => field === 'gpu' && !value && !checker.reading(id)?.gpu;
    doc.edit(() => targets.forEach(id => doc.setField(id, field, isUsual(id) ? undefined : value)));
  }
}

/** Return the place below a card, in pixels of the window. */
function placeOf({ stage }: CanvasController, id: string): IPoint | undefined {
  const card = stage?.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
  const box = card?.getBoundingClientRect();
  return box && { x: box.left, y: box.bottom };
}

/** Open the inspector and focus its first field; open the text of a comment; fold a group. */
export function inspect(canvas: CanvasController): void {
  const cards = canvas.chosen.filter(id => canvas.doc.nodes.has(id));
  if (!cards.length && canvas.chosen.length) {
    if (canvas.chosen.some(isGroup)) {
      toggleFold(canvas);
    } else {
      editComment(canvas);
    }
    return;
  }
  canvas.store.select(cards);
  canvas.showInspector(true);
  const panel = canvas.stage?.closest('.nby-Canvas');
  window.setTimeout(() => {
    const field = '.nby-Inspector-section :is(input, select, textarea)';
    if (!panel?.querySelector(`${field}:focus`)) {
      panel?.querySelector<HTMLElement>(field)?.focus({ preventScroll: true });
    }
  }, DRAWN);
}
