/** Handles archives, from which the server unpacks a folder. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

const ENDING = /\.(zip|tgz|tar(\.(gz|bz2|xz))?)$/i;

export function isArchive(name: string): boolean {
  return ENDING.test(name);
}

/** Return the name of the folder in an archive. */
export function folderOf(name: string): string {
  return name.replace(ENDING, '') || name;
}

/** Ask how to create a dataset from this file; undefined if the user cancels. */
export async function askUnpack(
  name: string,
  trans: TranslationBundle
): Promise<{ unpack?: true } | undefined> {
  if (!isArchive(name)) {
    return {};
  }
  const { button } = await showDialog({
    title: trans.__('“%1” is an archive', name),
    body: trans.__('Unpack it to get a folder of files, or keep it as one file.'),
    buttons: [
      Dialog.cancelButton(),
      Dialog.createButton({ label: trans.__('Keep as It Is'), actions: ['keep'] }),
      Dialog.okButton({ label: trans.__('Unpack') })
    ]
  });
  if (!button.accept) {
    return undefined;
  }
  return button.actions.includes('keep') ? {} : { unpack: true };
}
