import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { FileBrowserModel, FileDialog } from '@jupyterlab/filebrowser';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { addressOf } from '../../api/addresses';
import { existingPaths, writeFile } from '../../api/contents';
import { showProblem } from '../../components/problems';
import { IRunServices } from '../model/services';

const NAMED = 12;

type Step = { run: string; node: string };

/** Ask for a folder and save the other files of a task there. */
export async function saveFiles(
  services: IRunServices,
  { manager, path }: FileBrowserModel,
  step: Step
): Promise<void> {
  const { trans, yard } = services;
  const { contents } = manager.services;
  try {
    const { files } = await yard.client.call('runs.files', { path: step });
    const title = trans.__('Save to Folder');
    const { value } = await FileDialog.getExistingDirectory({ manager, title, defaultPath: path });
    const folder = value?.[0]?.path ?? (value ? '' : undefined);
    if (folder === undefined) {
      return;
    }
    const paths = files.map(file => file.path);
    const taken = await existingPaths(contents, folder, paths);
    if (taken.length && !(await mayReplace(taken, trans))) {
      return;
    }
    await makeFolders(contents, folder, paths);
    for (const name of paths) {
      const url = addressOf(yard.client, 'runs.file', { path: step, query: { path: name } });
      const response = await yard.client.request(url, { method: 'GET' });
      await writeFile(contents, PathExt.join(folder, name), await response.blob());
    }
    const where = contents.localPath(folder) || '/';
    Notification.success(
      trans._n('%1 file was saved in %2.', '%1 files were saved in %2.', paths.length, where),
      { autoClose: 5000 }
    );
  } catch (error) {
    showProblem(trans.__('Some files were not saved.'), error, trans);
  }
}

async function mayReplace(taken: readonly string[], trans: TranslationBundle): Promise<boolean> {
  const body = new Widget({ node: document.createElement('div') });
  const list = document.createElement('ul');
  for (const path of taken.slice(0, NAMED)) {
    list.appendChild(document.createElement('li')).textContent = path;
  }
  if (taken.length > NAMED) {
    const rest = trans.__('and %1 more', taken.length - NAMED);
    list.appendChild(document.createElement('li')).textContent = rest;
  }
  body.node.appendChild(list);
  const { button } = await showDialog({
    title: trans._n('Replace %1 file?', 'Replace %1 files?', taken.length),
    body,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Replace') })],
    defaultButton: 0
  });
  return button.accept;
}

/** Create the parent folders of files first. */
async function makeFolders(
  contents: Contents.IManager,
  folder: string,
  paths: readonly string[]
): Promise<void> {
  const wanted = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, at) => wanted.add(parts.slice(0, at + 1).join('/')));
  }
  for (const path of [...wanted].sort()) {
    await contents.save(PathExt.join(folder, path), { type: 'directory' });
  }
}
