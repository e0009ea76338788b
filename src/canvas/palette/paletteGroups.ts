/** What can be added to a workflow: files of its folder, what is used there, everything else. */
import { PathExt } from '@jupyterlab/coreutils';
import { fileOf } from '../../api/paths';
import { JsonObject } from '../../document/canonical';
import { EXTENSION } from '../../document/fileType';
import { parseFlow } from '../../document/flow';
import type { CanvasController } from '../model/controller';
import { isExecutable, resolvePath } from '../model/editing';
import { IPaletteRow } from '../model/tokens';
import { depthBelow, isTable, kindOf } from './folderFiles';

type Rows = readonly IPaletteRow[];

export interface IPaletteGroups {
  /** The files of the folder and its subfolders; `folder` is the subfolder. */
  readonly own: Rows;
  /** Others that a workflow of the folder uses, and datasets that come from the folder. */
  readonly used: Rows;
  readonly rest: Rows;
}

/** At most so many other workflows of the folder are read. */
const WORKFLOWS = 20;

/** Return what the nodes of a workflow, and of others among these files, use. */
export async function usedRows(
  { contents, doc, path }: Pick<CanvasController, 'contents' | 'doc' | 'path'>,
  files: readonly string[]
): Promise<Rows> {
  const others = files.filter(file => PathExt.extname(file) === EXTENSION && file !== path);
  const read = others.slice(0, WORKFLOWS).map(async file => {
    const options = { content: true, type: 'file', format: 'text' } as const;
    const model = await contents.get(file, options).catch(() => undefined);
    return rowsOf(file, parseFlow(String(model?.content ?? ''))?.nodes ?? {});
  });
  return [...rowsOf(path, doc.toJSON().nodes), ...(await Promise.all(read)).flat()];
}

function rowsOf(workflow: string, nodes: Readonly<Record<string, JsonObject>>): IPaletteRow[] {
  return Object.values(nodes).flatMap(node => {
    const type = node.type === 'dataset' ? 'dataset' : 'executable';
    const id = node[type];
    if (typeof node.path === 'string') {
      return [fileRow(resolvePath(workflow, node.path), type)];
    }
    return typeof id === 'string' ? [{ type, id, name: String(node.label ?? id) }] : [];
  });
}

function fileRow(path: string, type: IPaletteRow['type']): IPaletteRow {
  const [name, folder] = [PathExt.basename(path), PathExt.dirname(path)];
  return { type, id: path, name, kind: kindOf(path), path, folder };
}

/** Group the rows of a palette, and the files and used rows around a workflow. */
export function groupsOf(
  workflow: string,
  files: readonly string[],
  used: Rows,
  known: Rows
): IPaletteGroups {
  const folder = PathExt.dirname(workflow);
  const registered = new Map(known.map(row => [row.path, row]));
  const paths = new Set(files);
  const own = files
    .filter(file => file !== workflow)
    .map(file => {
      const type = isExecutable(file) ? 'executable' : 'dataset';
      const row = registered.get(file) ?? { ...fileRow(file, type), isFile: true };
      const below = PathExt.relative(folder || '.', PathExt.dirname(file) || '.');
      // rows of files stay as they are when the files become registered
      return { ...row, name: PathExt.basename(file), detail: '', folder: below || undefined };
    });
  const isOwn = ({ path }: IPaletteRow) => !!path && paths.has(fileOf(path));
  const functions = known.filter(row => isOwn(row) && !paths.has(row.path!));
  const others = known.filter(row => !isOwn(row));
  const near = new Set<IPaletteRow>(
    used
      .filter(({ path }) => !path || depthBelow(folder, path) === undefined)
      .map(row => others.find(other => isSame(row, other)) ?? row)
  );
  const comesFromHere = ({ type, folder: from = '/' }: IPaletteRow) =>
    type === 'dataset' &&
    !from.startsWith('/') &&
    depthBelow(folder, PathExt.join(from, 'file')) !== undefined;
  others.filter(comesFromHere).forEach(row => near.add(row));
  return {
    own: [...own, ...functions],
    used: unique([...near]),
    rest: others.filter(row => !near.has(row) && !row.byRun)
  };
}

/** Return whether a node's row is that of a registered item, which has an ID, a name and a path. */
function isSame(row: IPaletteRow, other: IPaletteRow): boolean {
  return (
    row.type === other.type &&
    (row.path ? row.path === other.path : row.id === other.id || row.id === other.name)
  );
}

/** Return each row once, the last one of those for the same thing. */
export function unique(rows: Rows): Rows {
  return [...new Map(rows.map(row => [keyOf(row), row])).values()];
}

/** Return what tells a row from all others. */
export function keyOf({ type, id, path }: IPaletteRow): string {
  return `${type} ${path ?? id}`;
}

/** Return whether a file of the folder is likely to become a node. */
export function isLikely({ path = '', isFile }: IPaletteRow): boolean {
  return !isFile || isExecutable(path) || isTable(path);
}

/** Return the second line of a row: its folder, then its details. */
export function detailOf({ folder, detail, mark }: IPaletteRow): string {
  return [folder === '' ? '/' : folder, detail, mark].filter(Boolean).join(' · ');
}

/** Return the text in which rows are searched. */
export function textOf(row: IPaletteRow): string {
  return [row.name, row.path, row.kind, detailOf(row)].filter(Boolean).join(' ');
}
