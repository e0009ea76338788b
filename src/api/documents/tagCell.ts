/** Makes a cell of a notebook its parameters cell. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiClient } from '../client';

const TAG = 'parameters';

/**
 * Tag the cell in the open document, which is then saved; the server writes the file only if it is
 * not open. Otherwise the next save of the open document would overwrite the tag.
 */
export async function tagCell(
  app: JupyterFrontEnd,
  client: ApiClient,
  path: string,
  cell: number
): Promise<void> {
  for (const widget of app.shell.widgets('main')) {
    const { context } = widget as { context?: DocumentRegistry.Context };
    const cells = (context?.model.sharedModel as Partial<ISharedNotebook> | undefined)?.cells;
    const meant = cells?.[cell];
    if (context?.path === path && meant?.cell_type === 'code') {
      addTag(meant);
      return context.save();
    }
  }
  await client.call('executables.tag', { body: { path, cell } });
}

function addTag(cell: ISharedCell): void {
  const tags = cell.getMetadata('tags');
  cell.setMetadata('tags', [...(Array.isArray(tags) ? tags : []), TAG]);
}

/** Return the names of the constants that a cell assigns, such as "Cell 2: seed, rate". */
export function cellText(cell: number, names: readonly string[], trans: TranslationBundle): string {
  return names.length
    ? trans.__('Cell %1: %2', cell + 1, names.join(', '))
    : trans.__('Cell %1', cell + 1);
}

/** Return the message after tagging; cells are counted from 1. */
export function tagged(cell: number, trans: TranslationBundle): string {
  return trans.__('Cell %1 is now tagged “parameters”, and the notebook was saved.', cell + 1);
}
