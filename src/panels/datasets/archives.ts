/** Archives, from which the server takes the folder that they hold. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

const ENDING = /\.(zip|tgz|tar(\.(gz|bz2|xz))?)$/i;

export function isArchive(name: string): boolean {
  return ENDING.test(name);
}

/** What the folder in it is called. */
export function folderOf(name: string): string {
  return name.replace(ENDING, '') || name;
}

/** How to make a dataset of a file of this name; undefined when the user leaves. */
export async function askUnpack(
  name: string,
  trans: TranslationBundle
): Promise<{ unpack?: true } | undefined> {
  if (!isArchive(name)) {
    return {};
  }
  const { button } = await showDialog({
    title: trans.__('“%1” is an archive', name),
    body: trans.__('Unpacked it is a folder of files; kept as it is, one file.'),
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
