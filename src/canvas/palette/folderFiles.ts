/** Lists the files of the document's folder, also unregistered ones. */
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { dataKind } from '../../components/format/dataKinds';
import { isModelFile } from '../../document/called';
import type { CanvasController } from '../model/controller';
import { isExecutable } from '../model/editing';

type Beside = Pick<CanvasController, 'contents' | 'path'>;

/** Return whether a file is a table, which is a node without being registered. */
export function isTable(path: string): boolean {
  return dataKind(PathExt.extname(path).slice(1).toLowerCase()) === 'table';
}

/** Return the kind of node that a file becomes. */
export function kindOf(path: string): string {
  if (!isExecutable(path)) {
    return 'dataset';
  }
  return isModelFile(path) ? 'model' : path.endsWith('.ipynb') ? 'notebook' : 'command';
}

/** Return paths from the server's root, without workflows and descriptions. */
export async function filesBeside({ contents, path }: Beside): Promise<string[]> {
  try {
    const model = await contents.get(PathExt.dirname(path), { content: true });
    const items = (model.content ?? []) as { path: string; type: string }[];
    return items
      .filter(item => item.type !== 'directory')
      .map(item => contents.localPath(item.path))
      .filter(file => !file.endsWith('.nbflow') && !file.endsWith('.nbexec'))
      .sort();
  } catch {
    return [];
  }
}

/** Return the same paths, updated while JupyterLab creates and deletes files there. */
export function useFilesBeside(canvas: CanvasController): readonly string[] {
  const { contents, path } = canvas;
  const [files, setFiles] = useState<readonly string[]>([]);
  useEffect(() => {
    let isOver = false;
    const look = async () => {
      const beside = await filesBeside({ contents, path });
      if (!isOver) {
        setFiles(beside);
      }
    };
    const folder = PathExt.dirname(path);
    const onChange = (_: unknown, { oldValue, newValue, type }: Contents.IChangedArgs) => {
      const touched = [oldValue?.path, newValue?.path].filter(file => file !== undefined);
      if (type !== 'save' && touched.some(file => PathExt.dirname(file!) === folder)) {
        void look();
      }
    };
    contents.fileChanged.connect(onChange);
    void look();
    return () => {
      isOver = true;
      contents.fileChanged.disconnect(onChange);
    };
  }, [contents, path]);
  return files;
}
