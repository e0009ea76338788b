import { nullTranslator } from '@jupyterlab/translation';
import { ALL, EACH, POLICY, portName, readMap, sizeOf, sourceOf, variedBy } from '../map';
import { parseSweep, sweepText } from '../sweep';

type Type = Parameters<typeof sweepText>[0];

const read = (type: Type, text: string) => parseSweep({ type, choices: ['a', 1] }, text);

describe('K10: the values of a sweep', () => {
  it.each<[Type, string, unknown]>([
    ['float', '0.01, 0.1,1', [0.01, 0.1, 1]],
    ['int', '1..4', [1, 2, 3, 4]],
    ['int', '3..1', [3, 2, 1]],
    ['int', '7', [7]],
    ['string', 'a b, c', ['a b', 'c']],
    ['string', '["a,b", "c"]', ['a,b', 'c']],
    ['string', '1..3', ['1..3']],
    ['bool', 'true, false', [true, false]],
    ['choice', 'a, 1', ['a', 1]],
    ['list', '[[1], [2]]', [[1], [2]]],
    ['float', '0..1', { low: 0, high: 1 }],
    ['float', '1e-4..0.1 log', { low: 1e-4, high: 0.1, log: true }],
    ['int', '1..64 log', { low: 1, high: 64, log: true }]
  ])('are read for %s from %s', (type, text, values) => {
    expect(read(type, text)).toEqual({ values });
  });

  it.each<[Type, string, string]>([
    ['int', '1, x', 'int'],
    ['int', '1..', 'int'],
    ['float', '0..x', 'float'],
    ['float', '1..0', 'order'],
    ['float', '0..1 log', 'order'],
    ['int', '1..10001', 'many'],
    ['string', '["a"', 'list'],
    ['json', '1, 2', 'list']
  ])('are refused for %s in %s', (type, text, problem) => {
    expect(read(type, text)).toEqual({ problem });
  });

  it.each<[Type, unknown, string]>([
    ['float', [0.01, 0.1], '0.01, 0.1'],
    ['int', [1, 2, 3, 4], '1..4'],
    ['int', [1, 2], '1, 2'],
    ['float', [1, 2, 3, 4], '1, 2, 3, 4'],
    ['string', ['a,b', 'c'], '["a,b","c"]'],
    ['string', ['', 'c'], '["","c"]'],
    ['string', ['[a'], '["[a"]'],
    ['list', [[1], [2]], '[[1],[2]]'],
    ['bool', [true, false], 'true, false'],
    ['float', { low: 0.001, high: 1, log: true }, '0.001..1 log']
  ])('are shown for %s so that they can be read again', (type, values, text) => {
    expect(sweepText(type, values as never)).toBe(text);
    expect(read(type, text)).toEqual({ values });
  });

  it('are ranges in a search', () => {
    const values = { low: 1, high: 8 };
    expect(parseSweep({ type: 'int' }, '1..8', true)).toEqual({ values });
    expect(sourceOf({ a: values }).kind).toBe('search');
    expect(sourceOf({ a: [1, 2] }).kind).toBe('grid');
  });

  it('give one element for each combination, or as many as a search has', () => {
    expect(sizeOf({ kind: 'grid', values: { a: [1, 2, 3, 4], b: ['x', 'y'] } })).toBe(8);
    expect(sizeOf({ kind: 'search', space: {} })).toBe(20);
    expect(sizeOf({ kind: 'files', over: 'a' })).toBeUndefined();
  });
});

describe('K10: a map in a document', () => {
  it('names the arguments that differ between elements', () => {
    const varied = (each: object) => variedBy(readMap({ map: { each } } as never)!);
    expect(varied({ kind: 'grid', values: { a: [1], b: [2] } })).toEqual(['a', 'b']);
    expect(varied({ kind: 'rows', columns: ['lr'] })).toEqual(['lr']);
    expect(varied({ kind: 'files', over: 'data' })).toEqual(['data']);
    expect([readMap({}), readMap({ map: 3 }), readMap({ map: { each: [] } })]).toEqual(
      Array(3).fill(undefined)
    );
  });

  it('has ports with names of their own, and a policy', () => {
    const trans = nullTranslator.load('nbyard');
    expect([EACH, ALL, 'x'].map(name => portName(name, trans))).toEqual([
      'each',
      'all results',
      'x'
    ]);
    expect(['first', 'all', '3', '10%', '100%'].every(text => POLICY.test(text))).toBe(true);
    expect(['', 'none', '101%', '-1', '1.5%'].some(text => POLICY.test(text))).toBe(false);
  });
});
