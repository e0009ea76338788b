/** Changes the nodes of a workflow; each function is one undo step. */
import { PathExt } from '@jupyterlab/coreutils';
import { UUID } from '@lumino/coreutils';
import { nameForFile, isModelFile } from '../../document/called';
import { isObject, Json, JsonObject } from '../../document/canonical';
import { checkEdge } from '../../document/edges';
import { IEdge, isGroup, Position } from '../../document/flow';
import { newId } from '../../document/nodeId';
import { EXTENSION } from '../../document/fileType';
import { CanvasController } from './controller';
import { addGroup, dissolve, regroup } from './diagram/groupEdits';
import { focusNode } from './focus';
import { ensureId } from './identity';
import { freePlace, GAP } from './placement';
import { IPaletteRow, IRegistered } from './tokens';

const EXECUTABLE = ['.ipynb', '.py', '.sh', '.R', '.r', '.jl', '.cwl', EXTENSION];

export function isExecutable(path: string): boolean {
  return EXECUTABLE.includes(PathExt.extname(path)) || isModelFile(path);
}

/** Add a random suffix in shared documents, where two users may add one file at once. */
function ownId(canvas: CanvasController, name: string, taken: (id: string) => boolean): string {
  const id = newId(name, taken);
  return canvas.context.model.collaborative ? `${id}_${UUID.uuid4().slice(0, 4)}` : id;
}

/** Return an unused id of a comment (`#1`, `#2` …) or of a group (`@1`, `@2` …). */
export function newMarkId(
  canvas: CanvasController,
  mark: '#' | '@',
  taken: (id: string) => boolean
): string {
  const suffix = canvas.context.model.collaborative ? `_${UUID.uuid4().slice(0, 4)}` : '';
  for (let number = 1; ; number++) {
    const id = `${mark}${number}${suffix}`;
    if (!taken(id)) {
      return id;
    }
  }
}

/** Return the path relative to the document's folder, so that the folder can be moved. */
export function relativePath(document: string, path: string): string {
  return PathExt.relative(PathExt.dirname(document) || '.', path);
}

export function resolvePath(document: string, relative: string): string {
  return PathExt.normalize(PathExt.join(PathExt.dirname(document), relative));
}

function addNode(canvas: CanvasController, name: string, fields: JsonObject, at: Position): string {
  const id = ownId(canvas, name, other => canvas.doc.nodes.has(other));
  ensureId(canvas);
  canvas.doc.addNode(id, fields, at);
  return id;
}

export function addRow(canvas: CanvasController, row: IPaletteRow, at?: Position): string {
  const fields: JsonObject = row.path
    ? { type: row.type, path: relativePath(canvas.path, row.path) }
    : { type: row.type, [row.artifact ? 'artifact' : row.type]: row.id, label: row.name };
  const id = addNode(canvas, row.name, fields, freePlace(canvas, at));
  selectNew(canvas, [id]);
  return id;
}

/** Add a row of the palette, which may be an unregistered file. */
export async function addThing(
  canvas: CanvasController,
  row: IPaletteRow,
  at?: Position
): Promise<string[]> {
  return row.isFile ? addFiles(canvas, [row.path!], at) : [addRow(canvas, row, at)];
}

/**
 * Add files from the file browser as nodes; the server determines their kinds. Of a folder with
 * code, its notebooks and scripts are added.
 */
export async function addFiles(
  canvas: CanvasController,
  paths: readonly string[],
  at?: Position
): Promise<string[]> {
  const { backend } = canvas.services;
  const failed: string[] = [];
  const added: string[] = [];
  const files = await Promise.all(paths.map(path => codeIn(canvas, path)));
  for (const path of files.flat()) {
    if (path === canvas.path) {
      failed.push(canvas.trans.__('A workflow cannot contain itself.'));
      continue;
    }
    const registered = await register(path).catch((error: Error) => {
      failed.push(`${PathExt.basename(path)}: ${error.message}`);
      return guess(path);
    });
    const fields = { type: registered.type, path: relativePath(canvas.path, path) };
    added.push(addNode(canvas, nameForFile(path), fields, freePlace(canvas, at)));
  }
  selectNew(canvas, added);
  if (failed.length) {
    canvas.say(failed.join(' · '), true);
  }
  return added;

  async function register(path: string): Promise<IRegistered> {
    return backend && PathExt.extname(path) !== EXTENSION ? backend.register(path) : guess(path);
  }
}

/** Return the notebooks and scripts of a folder that has some, else the path itself. */
async function codeIn({ contents, services }: CanvasController, path: string): Promise<string[]> {
  if (PathExt.extname(path) || !services.backend) {
    return [path];
  }
  const { type } = await contents.get(path, { content: false });
  const files = type === 'directory' ? await services.backend.codeFiles(path) : [];
  return files.length ? files : [path];
}

function guess(path: string): IRegistered {
  return { type: isExecutable(path) ? 'executable' : 'dataset' };
}

function selectNew(canvas: CanvasController, ids: readonly string[]): void {
  canvas.store.select(ids);
  if (ids.length) {
    focusNode(canvas, ids[0]);
  }
}

export function removeSelection(canvas: CanvasController): void {
  const edges = canvas.store.selectedEdges;
  const cards = canvas.store.selected.length || !edges.length ? canvas.chosen : [];
  if (cards.length + edges.length) {
    const { doc, store } = canvas;
    // of an open group only the frame is deleted
    const isKept = (id: string) => isGroup(id) && !store.tree.isFolded(id);
    const gone = store.tree.inside(cards.filter(id => !isKept(id)));
    const nodes = gone.filter(id => doc.nodes.has(id));
    const bridges = nodes.length ? bridgesOver(canvas, new Set(nodes)) : [];
    doc.edit(() => {
      dissolve(doc, cards.filter(isKept));
      doc.remove(gone, edges);
      regroup(doc, gone);
    });
    canvas.stage?.focus();
    if (bridges.length) {
      const { trans } = canvas;
      canvas.say(
        trans._n('Deleted %1 node.', 'Deleted %1 nodes.', nodes.length),
        false,
        undefined,
        {
          label: trans.__('Connect Its Neighbours'),
          run: () => bridgeOver(canvas, bridges)
        }
      );
    }
  }
}

/** Return the connections that could replace these nodes: what they took to who took from them. */
function bridgesOver({ checker, doc }: CanvasController, nodes: ReadonlySet<string>): IEdge[] {
  const all = doc.allEdges();
  const kept = all.filter(({ source, target }) => !nodes.has(source) && !nodes.has(target));
  const into = all.filter(({ source, target }) => !nodes.has(source) && nodes.has(target));
  const from = all.filter(({ source, target }) => nodes.has(source) && !nodes.has(target));
  return from.flatMap(({ target, input }) => {
    const bridges = into
      .map(({ source, output }) => ({ source, output, target, input }))
      .filter(bridge => !checkEdge(bridge, kept, checker.declared));
    return bridges.length === 1 ? bridges : [];
  });
}

/** Connect the neighbours, as one undo step; an input that got another connection keeps that. */
function bridgeOver({ checker, doc }: CanvasController, bridges: readonly IEdge[]): void {
  doc.edit(() =>
    bridges
      .filter(bridge => !checkEdge(bridge, doc.allEdges(), checker.declared))
      .forEach(bridge => doc.connect(bridge))
  );
}

export function disconnect(canvas: CanvasController, edge: string): void {
  canvas.doc.remove([], [edge]);
}

export function move(canvas: CanvasController, dx: number, dy: number): void {
  canvas.store.move(
    canvas.chosen.map(id => {
      const [x, y] = canvas.store.place(id);
      return [id, [x + dx, y + dy]] as const;
    })
  );
}

export function rename(canvas: CanvasController, id: string, label: string): void {
  canvas.doc.setField(id, 'label', label.trim() || undefined);
}

export interface IClip {
  nodes: Record<string, JsonObject>;
  comments: Record<string, JsonObject>;
  groups: Record<string, JsonObject>;
  edges: IEdge[];
  positions: Record<string, Position>;
}

/** Return cards, all that is in groups, and the connections between them for the clipboard. */
export function clipboardText(canvas: CanvasController, ids = canvas.chosen): string {
  const chosen = new Set(canvas.store.tree.inside(ids));
  const flow = canvas.doc.toJSON();
  const among = <T>(map: Record<string, T>) =>
    Object.fromEntries(Object.entries(map).filter(([id]) => chosen.has(id)));
  const edges = Object.entries(flow.edges).filter(
    ([, edge]) => chosen.has(edge.source) && chosen.has(edge.target)
  );
  const clip = {
    version: 1,
    nodes: among(flow.nodes),
    edges: Object.fromEntries(edges),
    positions: among(flow.positions),
    comments: among(flow.comments),
    groups: among(flow.groups)
  };
  return JSON.stringify(clip, null, 2);
}

export function readClip(text: string): IClip | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!isObject(value) || !isObject(value.nodes)) {
    return undefined;
  }
  const objects = (block: Json | undefined) => {
    const entries = Object.entries(isObject(block) ? block : {});
    return Object.fromEntries(entries.filter(([, member]) => isObject(member))) as IClip['nodes'];
  };
  return {
    nodes: objects(value.nodes),
    comments: objects(value.comments),
    groups: objects(value.groups),
    edges: Object.values(isObject(value.edges) ? value.edges : {}) as unknown as IEdge[],
    positions: (isObject(value.positions) ? value.positions : {}) as unknown as IClip['positions']
  };
}

/** Paste nodes and comments under new ids, beside the old ones; return the ids. */
export function pasteText(canvas: CanvasController, text: string): string[] {
  const clip = readClip(text);
  if (!clip || !Object.keys({ ...clip.nodes, ...clip.comments }).length) {
    canvas.say(canvas.trans.__('The clipboard contains no nodes.'), true);
    return [];
  }
  return [...pasteClip(canvas, clip).values()];
}

/** Add nodes, comments and groups under new ids, and select them; return the ids by the old ones. */
export function pasteClip(canvas: CanvasController, clip: IClip): ReadonlyMap<string, string> {
  const { comments, groups, nodes } = canvas.doc;
  const taken = new Set([...nodes.keys(), ...comments.keys(), ...groups.keys()]);
  const ids = new Map<string, string>();
  for (const old of Object.keys({ ...clip.comments, ...clip.groups })) {
    const id = newMarkId(canvas, old in clip.groups ? '@' : '#', other => taken.has(other));
    taken.add(id);
    ids.set(old, id);
  }
  for (const [old, fields] of Object.entries(clip.nodes)) {
    const name = old.replace(/^.*\./, '').replace(/_\d+$/, '');
    const id = ownId(canvas, String(fields.label ?? name), other => taken.has(other));
    taken.add(id);
    ids.set(old, id);
  }
  const added = new Set(ids.values());
  const shift = clashing(canvas, clip) ? GAP : 0;
  ensureId(canvas);
  canvas.doc.edit(() => {
    let row = 0;
    for (const [old, id] of ids) {
      if (old in clip.groups) {
        addGroup(canvas.doc, id, withIds(clip.groups[old], ids));
        continue;
      }
      const at = clip.positions[old] ?? [0, row++ * 140];
      const to: Position = [at[0] + shift, at[1] + shift];
      if (old in clip.comments) {
        canvas.doc.addComment(id, clip.comments[old], to);
      } else {
        canvas.doc.addNode(id, clip.nodes[old], to);
      }
    }
    for (const edge of clip.edges) {
      const source = ids.get(edge.source) ?? edge.source;
      const target = ids.get(edge.target) ?? edge.target;
      if (canvas.doc.nodes.has(source) && canvas.doc.nodes.has(target)) {
        canvas.doc.connect({ source, output: edge.output, target, input: edge.input });
      }
    }
  });
  selectNew(
    canvas,
    [...added].filter(id => canvas.store.node(id))
  );
  return ids;
}

/** Return the fields of a group with the new ids of its members. */
function withIds(fields: JsonObject, ids: ReadonlyMap<string, string>): JsonObject {
  const members = Array.isArray(fields.nodes) ? fields.nodes : [];
  return { ...fields, nodes: members.flatMap(member => ids.get(String(member)) ?? []) };
}

function clashing(canvas: CanvasController, clip: IClip): boolean {
  const places = new Set(canvas.store.nodes.map(({ id }) => String(canvas.store.place(id))));
  return Object.values(clip.positions).some(at => places.has(String(at)));
}
