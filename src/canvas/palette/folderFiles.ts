/** Lists the files of the document's folder, also unregistered ones. */
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { dataKind } from '../../components/format/dataKinds';
import { isModelFile } from '../../document/called';
import { EXTENSION } from '../../document/fileType';
import type { CanvasController } from '../model/controller';
import { isExecutable } from '../model/editing';

type Beside = Pick<CanvasController, 'contents' | 'path'>;

/** How many levels of subfolders the palette lists. */
export const DEPTH = 2;
/** At most so many folders are read. */
const FOLDERS = 60;
/** Caches and environments, which the server ignores as well, and links to datasets by their IDs. */
const IGNORED = /^(\..*|__pycache__|node_modules|.*\.egg-info|venv|[0-9a-f]{8}(-[0-9a-f]+){4})$/;
/** Changes of files within this time, in milliseconds, lead to one look. */
const GATHER = 100;

/** Return whether a file is a table, which is a node without being registered. */
export function isTable(path: string): boolean {
  return dataKind(PathExt.extname(path).slice(1).toLowerCase()) === 'table';
}

const KINDS: Record<string, string> = { '.ipynb': 'notebook', [EXTENSION]: 'workflow' };

/** Return the kind of node that a file becomes. */
export function kindOf(path: string): string {
  if (!isExecutable(path)) {
    return 'dataset';
  }
  if (isModelFile(path)) {
    return 'model';
  }
  return KINDS[PathExt.extname(path)] ?? 'command';
}

/**
 * Return paths from the server's root, without descriptions: those of the workflow's folder, then
 * those of its subfolders to a depth.
 */
export async function filesBeside({ contents, path }: Beside, depth = 0): Promise<string[]> {
  let left = FOLDERS;
  const read = async (folder: string, levels: number): Promise<string[]> => {
    if (left-- <= 0) {
      return [];
    }
    const model = await contents.get(folder, { content: true }).catch(() => undefined);
    const items = ((model?.content ?? []) as { path: string; type: string }[])
      .map(({ type, path: full }) => ({ type, at: contents.localPath(full) }))
      .sort((left, right) => (left.at < right.at ? -1 : 1));
    const folders = items.filter(
      ({ type, at }) => levels && type === 'directory' && !IGNORED.test(PathExt.basename(at))
    );
    const below = await Promise.all(folders.map(({ at }) => read(at, levels - 1)));
    const own = items.filter(({ type, at }) => type !== 'directory' && !at.endsWith('.nbexec'));
    return [...own.map(({ at }) => at), ...below.flat()];
  };
  return read(PathExt.dirname(path), depth);
}

/** Return the same paths, updated while JupyterLab creates and deletes files there. */
export function useFilesBeside(canvas: CanvasController): readonly string[] {
  const { contents, path } = canvas;
  const [files, setFiles] = useState<readonly string[]>([]);
  useEffect(() => {
    let isOver = false;
    let timer: number | undefined;
    const look = async () => {
      timer = undefined;
      const beside = await filesBeside({ contents, path }, DEPTH);
      if (!isOver) {
        setFiles(beside);
      }
    };
    const folder = PathExt.dirname(path);
    const onChange = (_: unknown, { oldValue, newValue, type }: Contents.IChangedArgs) => {
      const touched = [oldValue?.path, newValue?.path].filter(file => file !== undefined);
      if (type !== 'save' && touched.some(file => depthBelow(folder, file!) !== undefined)) {
        timer ??= window.setTimeout(() => void look(), GATHER);
      }
    };
    contents.fileChanged.connect(onChange);
    void look();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
      contents.fileChanged.disconnect(onChange);
    };
  }, [contents, path]);
  return files;
}

/** Return how many subfolders lie between a folder and a file; undefined if there are too many. */
export function depthBelow(folder: string, file: string): number | undefined {
  const below = PathExt.relative(folder || '.', file);
  const depth = below.split('/').length - 1;
  return below.startsWith('..') || depth > DEPTH ? undefined : depth;
}
