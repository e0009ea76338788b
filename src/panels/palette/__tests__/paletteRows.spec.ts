import { Dataset, Executable } from '../../../api/types';
import { nullTranslator } from '@jupyterlab/translation';
import { detailOf } from '../../../canvas/palette/paletteGroups';
import { datasetRow, executableRow, isUsable, placeOf, searchRows } from '../paletteRows';

describe('C2: datasets that are offered as nodes', () => {
  it.each([
    ['ready', 1, true],
    ['importing', 1, true],
    ['failed', 1, false],
    ['failed', 2, true]
  ])('%s, version %d: %s', (state, number, expected) =>
    expect(isUsable({ current: { state, number } } as Dataset)).toBe(expected)
  );
});

describe('executables with names alike', () => {
  it.each([
    ['train', 'train.ipynb', ''],
    ['train 2', 'sub/train.ipynb', 'sub/train.ipynb'],
    ['train', 'sub/train.ipynb', 'sub'],
    ['train', '', '']
  ])('%s of %s tells its place: %s', (name, path, place) => {
    expect(placeOf({ name, path } as Executable)).toBe(place);
  });
});

describe('K2: rows of the palette', () => {
  const trans = nullTranslator.load('nbyard');
  const executable = (path: string, revision = 1) =>
    ({
      ...{ id: path, name: path, path, revision },
      current: { kind: 'notebook', arguments: [] }
    }) as never as Executable;
  const data = (name: string, current = {}) =>
    ({ id: name, name, current: { state: 'ready', ...current } }) as never as Dataset;

  it('name their folders, and who registered them', () => {
    const row = (path: string, revision?: number) => {
      const { folder, byRun } = executableRow(executable(path, revision), trans);
      return [folder, byRun];
    };
    expect(row('a/clean.ipynb')).toEqual(['a', false]);
    expect(row('clean.ipynb', 0)).toEqual(['', true]);
    expect(row('/elsewhere/clean.ipynb')).toEqual(['/elsewhere', false]);
    expect(row('')).toEqual([undefined, false]);
    expect(datasetRow(data('x', { origin: 'file', source: 'a/x.csv' })).folder).toBe('a');
    expect(datasetRow(data('x', { origin: 'url', source: 'http://a/x.csv' })).folder).toBe(
      undefined
    );
  });

  it('say that code is not reproducible', () => {
    const [plain, marked] = [executable('a.py'), executable('b.py')];
    marked.current.not_reproducible = { code: 'not-reproducible', params: {} };
    const details = [plain, marked].map(item => detailOf(executableRow(item, trans)));
    expect(details).toEqual(['/ · 0 in, 0 out', '/ · 0 in, 0 out · not reproducible']);
  });

  it('are searched on the server by each word, if it has more', async () => {
    const datasets = { more: true, search: jest.fn(async () => [data('clean.csv')]) };
    const executables = { more: false, search: jest.fn() };
    const yard = { datasets, executables } as never;
    const rows = await searchRows(yard, 'clean.csv raw', trans);
    expect(datasets.search.mock.calls).toEqual([['clean'], ['raw']]);
    expect(rows.map(({ name }) => name)).toEqual(['clean.csv', 'clean.csv']);
    expect(executables.search).not.toHaveBeenCalled();
  });
});
