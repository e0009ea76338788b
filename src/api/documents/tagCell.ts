/** Makes the first code cell of a notebook its parameters cell. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';
import { ApiClient } from '../client';

const TAG = 'parameters';

/**
 * Tag the cell in the open document, which is then saved; the server writes the file only if it is
 * not open. Otherwise the next save of the open document would overwrite the tag.
 */
export async function tagFirstCell(
  app: JupyterFrontEnd,
  client: ApiClient,
  path: string
): Promise<void> {
  for (const widget of app.shell.widgets('main')) {
    const { context } = widget as { context?: DocumentRegistry.Context };
    const cells = (context?.model.sharedModel as Partial<ISharedNotebook> | undefined)?.cells;
    const first = cells?.find(({ cell_type }) => cell_type === 'code');
    if (context?.path === path && first) {
      addTag(first);
      return context.save();
    }
  }
  await client.call('executables.tag', { body: { path } });
}

function addTag(cell: ISharedCell): void {
  const tags = cell.getMetadata('tags');
  cell.setMetadata('tags', [...(Array.isArray(tags) ? tags : []), TAG]);
}
