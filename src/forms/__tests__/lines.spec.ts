import { pairLines, parsePairs, words } from '../lines';

describe('several values in a field', () => {
  it('have packages between spaces or commas', () => {
    expect(words(' git, libgomp1\n gcc ')).toEqual(['git', 'libgomp1', 'gcc']);
    expect(words('')).toEqual([]);
  });

  it('have variables and labels, one in each line', () => {
    const values = { A: 'b=c', EMPTY: '', 'org.x': 'y z' };
    expect(parsePairs(' A=b=c\n\nEMPTY\norg.x=y z')).toEqual(values);
    expect(parsePairs(pairLines(values))).toEqual(values);
    expect(pairLines(undefined)).toBe('');
  });
});
