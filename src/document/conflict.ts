import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { FlowModel } from './flowModel';
import { refusal } from './refusal';

type Context = DocumentRegistry.IContext<FlowModel>;

/**
 * Ask for mine, theirs or both before a save if the file changed on disk. The public `save` of this
 * context is wrapped, because the key, autosave and closing call it.
 */
export function guardSave(
  context: Context,
  contents: Contents.IManager,
  trans: TranslationBundle
): void {
  const save = context.save.bind(context);
  let asking = false;
  context.save = async () => {
    await context.ready;
    if (await isStale(context, contents)) {
      if (asking) {
        throw refusal('ModalDuplicateError');
      }
      asking = true;
      try {
        const { askVersion, resolveConflict } = await import('./resolveConflict');
        if (!(await resolveConflict(context, await askVersion(context.path, trans)))) {
          return;
        }
      } finally {
        asking = false;
      }
    }
    await save();
    context.model.base = context.model.toString();
  };
}

/** Whether the file changed on disk since the document was last read or saved. */
export async function isStale(context: Context, contents: Contents.IManager): Promise<boolean> {
  const known = context.contentsModel?.hash;
  if (!known) {
    return false;
  }
  try {
    const disk = await contents.get(context.path, { content: false, hash: true });
    return !!disk.hash && disk.hash !== known;
  } catch {
    return false; // missing or unreachable: the save itself will report it
  }
}
