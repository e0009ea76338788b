import { JupyterFrontEnd } from '@jupyterlab/application';
import { ApiClient } from '../../client';
import { tagFirstCell } from '../tagCell';

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

describe('the first cell as parameters cell', () => {
  it('E6: is tagged in the open document, which is saved', async () => {
    const model = notebook('markdown', 'code', 'code');
    model.cells[1].setMetadata('tags', ['own']);
    const { app, client, call, save } = lab('a/b.ipynb', model);
    await tagFirstCell(app, client, 'a/b.ipynb');
    expect(tags(model)).toEqual([undefined, ['own', 'parameters'], undefined]);
    expect(save).toHaveBeenCalledTimes(1);
    expect(call).not.toHaveBeenCalled();
  });

  it('E6: is tagged by the server if the notebook is closed or has no code cell', async () => {
    const model = notebook('markdown');
    const { app, client, call, save } = lab('a/b.ipynb', model);
    for (const path of ['a/b.ipynb', 'c.ipynb']) {
      await tagFirstCell(app, client, path);
      expect(call).toHaveBeenLastCalledWith('executables.tag', { body: { path } });
    }
    expect(save).not.toHaveBeenCalled();
  });
});
