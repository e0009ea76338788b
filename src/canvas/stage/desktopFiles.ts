/** Files that are dropped from the desktop: uploaded beside the workflow, and added as nodes. */
import { PathExt } from '@jupyterlab/coreutils';
import { DragEvent } from 'react';
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
  for (const file of files) {
    const path = PathExt.join(folder, file.name);
    const isThere = await contents.get(path, { content: false }).then(
      () => true,
      () => false
    );
    if (isThere) {
      refused.push(trans.__('%1 exists already.', file.name));
    } else if (file.size > MOST_BYTES) {
      refused.push(trans.__('%1 is too large. Upload it in the file browser.', file.name));
    } else {
      await contents.save(path, {
        type: 'file',
        format: 'base64',
        content: await inBase64(file)
      });
      paths.push(contents.localPath(path));
    }
  }
  const at = flow?.screenToFlowPosition(point);
  await addFiles(canvas, paths, at && [Math.round(at.x), Math.round(at.y)]);
  if (refused.length) {
    canvas.say(refused.join(' '), true);
  }
}

/** A folder cannot be read and is refused by the browser here. */
async function inBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let start = 0; start < bytes.length; start += 32768) {
    text += String.fromCharCode(...bytes.subarray(start, start + 32768));
  }
  return btoa(text);
}
