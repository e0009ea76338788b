import { Dataset, Executable } from '../../../api/types';
import { isUsable, placeOf } from '../paletteRows';

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
});
