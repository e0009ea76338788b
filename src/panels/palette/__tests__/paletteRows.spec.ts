import { Dataset, Executable } from '../../../api/types';
import { nullTranslator } from '@jupyterlab/translation';
import { executableRow, isUsable, placeOf, sharedNames } from '../paletteRows';

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
    ['train', '', '']
  ])('%s of %s tells its place: %s', (name, path, place) => {
    expect(placeOf({ name, path } as Executable)).toBe(place);
  });

  it('K2: all show their paths if their files have the same name', () => {
    const made = (name: string, path: string) =>
      ({
        id: name,
        name,
        path,
        current: { kind: 'notebook', arguments: [] }
      }) as never as Executable;
    const items = [made('clean', 'clean.ipynb'), made('clean 2', 'a/clean.ipynb')];
    const detail = (list: Executable[]) =>
      list.map(one => executableRow(one, nullTranslator.load('nbyard'), sharedNames(list)).detail);
    const ports = '0 in, 0 out';
    expect(detail(items)).toEqual([`${ports} · clean.ipynb`, `${ports} · a/clean.ipynb`]);
    expect(detail([items[0], made('train', 'train.ipynb'), made('x', ''), made('y', '')])).toEqual([
      ports,
      ports,
      ports,
      ports
    ]);
  });
});
