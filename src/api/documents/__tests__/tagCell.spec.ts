import { JupyterFrontEnd } from '@jupyterlab/application';
import { ApiClient } from '../../client';
import { tagCell } from '../tagCell';

/** A shell with one open notebook. */
function lab(path: string, model: unknown) {
  const save = jest.fn(async () => undefined);
  const widget = { context: { path, model: { sharedModel: model }, save } };
  const app = { shell: { widgets: () => [{}, widget] } } as unknown as JupyterFrontEnd;
  const call = jest.fn(async () => ({}));
  return { app, client: { call } as unknown as ApiClient, call, save };
}

interface ICell {
  cell_type: string;
  metadata: Record<string, unknown>;
  getMetadata: (name: string) => unknown;
  setMetadata: (name: string, value: unknown) => void;
}

/** The cells of a shared model, as far as they are used. */
function notebook(...types: string[]): { cells: ICell[] } {
  const cell = (cell_type: string): ICell => {
    const metadata: Record<string, unknown> = {};
    return {
      cell_type,
      metadata,
      getMetadata: name => metadata[name],
      setMetadata: (name, value) => void (metadata[name] = value)
    };
  };
  return { cells: types.map(cell) };
}

const tags = ({ cells }: { cells: ICell[] }) => cells.map(({ metadata }) => metadata.tags);

describe('a cell as parameters cell', () => {
  it('E6: is tagged in the open document, which is saved', async () => {
    const model = notebook('markdown', 'code', 'code');
    model.cells[2].setMetadata('tags', ['own']);
    const { app, client, call, save } = lab('a/b.ipynb', model);
    await tagCell(app, client, 'a/b.ipynb', 2);
    expect(tags(model)).toEqual([undefined, undefined, ['own', 'parameters']]);
    expect(save).toHaveBeenCalledTimes(1);
    expect(call).not.toHaveBeenCalled();
  });

  it('E6: is tagged by the server if the notebook is closed or has no such code cell', async () => {
    const model = notebook('markdown');
    const { app, client, call, save } = lab('a/b.ipynb', model);
    for (const path of ['a/b.ipynb', 'c.ipynb']) {
      await tagCell(app, client, path, 0);
      expect(call).toHaveBeenLastCalledWith('executables.tag', { body: { path, cell: 0 } });
    }
    expect(save).not.toHaveBeenCalled();
  });
});
