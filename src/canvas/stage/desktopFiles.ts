/** Files that are dropped from the desktop: uploaded beside the workflow, and added as nodes. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { DragEvent } from 'react';
import { namesIn, writeFile } from '../../api/contents';
import { freeName } from '../../components/format/freeName';
import { CanvasController } from '../model/controller';
import { addFiles } from '../model/editing';

/** Larger files take the upload of the file browser, which shows its progress. */
const MOST_BYTES = 15 * 1024 * 1024;
/** At most so many files are named in the question. */
const NAMED = 5;

type Choice = 'existing' | 'replace' | 'both';

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
  const names = new Set(await namesIn(contents, folder));
  const taken = new Set(files.map(({ name }) => name).filter(name => names.has(name)));
  const choice = taken.size ? await askExisting([...taken], trans) : 'replace';
  if (!choice) {
    return;
  }
  for (const file of files) {
    const isTaken = taken.has(file.name);
    const known = [...names].map(name => ({ name }));
    const name = isTaken && choice === 'both' ? freeName(file.name, known) : file.name;
    const path = PathExt.join(folder, name);
    if (isTaken && choice === 'existing') {
      paths.push(contents.localPath(path));
    } else if (file.size > MOST_BYTES) {
      refused.push(trans.__('%1 is too large. Upload it in the file browser.', file.name));
    } else {
      await writeFile(contents, path, file).then(
        () => paths.push(contents.localPath(path)),
        // a folder cannot be read here, and the folder of the workflow may be read-only
        (error: Error) => refused.push(`${file.name}: ${error.message}`)
      );
      names.add(name);
    }
  }
  const at = flow?.screenToFlowPosition(point);
  await addFiles(canvas, paths, at && [Math.round(at.x), Math.round(at.y)]);
  if (refused.length) {
    canvas.say(refused.join(' '), true);
  }
}

/** Ask once what happens to all files whose names exist; undefined if the user cancels. */
async function askExisting(
  names: readonly string[],
  trans: TranslationBundle
): Promise<Choice | undefined> {
  const rest = names.length - NAMED;
  const listed = [...names.slice(0, NAMED), ...(rest > 0 ? [trans.__('and %1 more', rest)] : [])];
  const { button } = await showDialog({
    title: trans._n('This file exists already', '%1 files exist already', names.length),
    body: listed.join(', '),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Replace'), actions: ['replace'] }),
      Dialog.createButton({ label: trans.__('Keep Both'), actions: ['both'] }),
      Dialog.okButton({
        label: trans._n('Use the Existing File', 'Use the Existing Files', names.length),
        actions: ['existing']
      })
    ],
    defaultButton: 3
  });
  return button.actions[0] as Choice | undefined;
}
