/** Saves open documents, so that a run reads the code that the user sees. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { fileOf } from '../paths';

const AREAS = ['main', 'left', 'right', 'down'] as const;

/** Return the open documents that have changes, each once. */
export function unsavedDocuments(app: JupyterFrontEnd): DocumentRegistry.Context[] {
  const found = new Set<DocumentRegistry.Context>();
  for (const area of AREAS) {
    for (const widget of app.shell.widgets(area)) {
      const { context } = widget as { context?: DocumentRegistry.Context };
      if (context?.model?.dirty) {
        found.add(context);
      }
    }
  }
  return [...found];
}

/**
 * Save the open, changed documents in the folders of these files, which a run of them may read, and
 * return their number. A file outside of the server's folder is undefined: it cannot be open. Reject with the name of a document that cannot be saved.
 */
export async function saveBeside(
  app: JupyterFrontEnd,
  files: readonly (string | undefined)[],
  trans: TranslationBundle
): Promise<number> {
  const folders = files.flatMap(file => (file ? [PathExt.dirname(fileOf(file))] : []));
  const read = unsavedDocuments(app).filter(({ path }) =>
    folders.some(folder => !folder || localPath(app, path).startsWith(`${folder}/`))
  );
  for (const context of read) {
    await save(context, trans);
  }
  return read.length;
}

function localPath({ serviceManager }: JupyterFrontEnd, path: string): string {
  return serviceManager.contents.localPath(path);
}

async function save(context: DocumentRegistry.Context, trans: TranslationBundle): Promise<void> {
  const name = PathExt.basename(context.path);
  try {
    await context.save();
  } catch (error) {
    const isRefused = (error as Error).name.startsWith('Modal');
    const reason = isRefused ? '' : (error as Error).message;
    throw new Error(
      reason
        ? trans.__('%1 could not be saved: %2', name, reason)
        : trans.__('%1 is not saved.', name)
    );
  }
  if (context.model.dirty && !context.model.collaborative) {
    throw new Error(trans.__('%1 is not saved.', name)); // the user kept neither version
  }
}
