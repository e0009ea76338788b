/** Files that are dropped from the desktop: uploaded beside the workflow, and added as nodes. */
import { PathExt } from '@jupyterlab/coreutils';
import { DragEvent } from 'react';
import { existingPaths, writeFile } from '../../api/contents';
import { CanvasController } from '../model/controller';
import { addFiles } from '../model/editing';

/** Larger files take the upload of the file browser, which shows its progress. */
const MOST_BYTES = 15 * 1024 * 1024;

export function cameFromDesktop({ dataTransfer }: DragEvent): boolean {
  return dataTransfer.types.includes('Files');
}

export async function takeFromDesktop(
  canvas: CanvasController,
  files: readonly File[],
  point: { x: number; y: number }
): Promise<void> {
  const { contents, context, flow, trans } = canvas;
  if (canvas.readOnly) {
    canvas.say(trans.__('This workflow is read-only.'), true);
    return;
  }
  const folder = PathExt.dirname(context.path);
  const refused: string[] = [];
  const paths: string[] = [];
  const names = files.map(({ name }) => name);
  const taken = new Set(await existingPaths(contents, folder, names));
  for (const file of files) {
    const path = PathExt.join(folder, file.name);
    if (taken.has(file.name)) {
      refused.push(trans.__('%1 already exists.', file.name));
    } else if (file.size > MOST_BYTES) {
      refused.push(trans.__('%1 is too large. Upload it in the file browser.', file.name));
    } else {
      await writeFile(contents, path, file).then(
        () => paths.push(contents.localPath(path)),
        // a folder cannot be read here, and the folder of the workflow may be read-only
        (error: Error) => refused.push(`${file.name}: ${error.message}`)
      );
    }
  }
  const at = flow?.screenToFlowPosition(point);
  await addFiles(canvas, paths, at && [Math.round(at.x), Math.round(at.y)]);
  if (refused.length) {
    canvas.say(refused.join(' '), true);
  }
}
