import { Dataset } from '../../api/types';
import { isUsable } from '../paletteSource';

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
