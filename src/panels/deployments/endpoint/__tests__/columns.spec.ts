import { nullTranslator } from '@jupyterlab/translation';
import { requestOf } from '../calls';
import { predictedValues, predictionCalls, refusedValues } from '../columns';

const trans = nullTranslator.load('nbyard');
const ADDRESS = 'http://here/nbyard/deployments/cows/api/';
const COLUMNS = [
  { name: 'age', type: 'int' },
  { name: 'weight', type: 'float', nullable: true },
  { name: 'name', type: 'str' },
  { name: 'ill', type: 'bool' },
  { name: 'born', type: 'date' }
];

describe('P3: what a model is asked', () => {
  const [row, text] = predictionCalls({ input_schema: COLUMNS }, trans);
  const sent = (given: Record<string, string>) =>
    JSON.parse(requestOf(row, ADDRESS, given).json ?? '');

  it('is a row with a field for each column, or JSON', () => {
    expect(row.fields.map(({ name, type, is_required }) => [name, type, is_required])).toEqual([
      ['age', 'integer', true],
      ['weight', 'number', false],
      ['name', 'string', true],
      ['ill', 'boolean', true],
      ['born', 'string', true]
    ]);
    expect(row.fields[1].help).toBe('float, optional');
    const neutral = { age: 1, weight: null, name: 'text', ill: false, born: '2025-01-01' };
    expect(sent({})).toEqual(neutral);
    expect(JSON.parse(String(text.fields[0].default))).toEqual([neutral]);
    expect(text.fields[0].help).toBe(
      'A list of records, or one record: age: int; weight: float, optional; name: str; ill: bool; born: date'
    );
    expect(requestOf(row, ADDRESS, {}).url).toBe(`${ADDRESS}predict`);
  });

  it('begins with a row that is known', () => {
    const known = { age: 41, ill: false, weight: null };
    const [found] = predictionCalls({ input_schema: COLUMNS }, trans, known);
    expect(found.fields.map(field => field.default)).toEqual([41, null, null, false, null]);
    expect(predictionCalls({ input_schema: COLUMNS[0] }, trans)[0].fields).toHaveLength(1);
  });

  it('is what was typed, in its type; what is no value of it is left to the model', () => {
    const typed = { age: ' 9007199254740993', weight: '', name: '', ill: 'false', born: '' };
    expect(requestOf(row, ADDRESS, typed).json).toBe(
      '{"age": 9007199254740993, "weight": null, "name": "", "ill": false, "born": ""}'
    );
    expect(sent({ age: 'many', weight: '1e3', name: '"', ill: '', born: '' })).toEqual({
      ...{ age: 'many', weight: 1000, name: '"', ill: null, born: '' }
    });
    expect(sent({ age: '007' })).toMatchObject({ age: '007' });
  });

  it('is JSON first where there are more columns than anybody would fill in', () => {
    const many = Array.from({ length: 41 }, (_, at) => ({ name: `c${at}`, type: 'float' }));
    const [first, second] = predictionCalls({ input_schema: many }, trans);
    expect([first.fields.length, second.fields.length]).toEqual([1, 41]);
  });

  it.each([[null], [[]], ['text'], [{ input_schema: [3, null] }], [{ input_schema: {} }]])(
    'is not known of %j',
    told => expect(predictionCalls(told, trans)).toEqual([])
  );
});

describe('P3: what a model answers', () => {
  it.each([
    [
      '{"prediction": {"price": 1.5, "kind": "a"}}',
      [
        ['price', '1.5'],
        ['kind', 'a']
      ]
    ],
    ['{"predictions": [{"leaves": false}]}', [['leaves', 'false']]],
    ['{"prediction": {"prices": [87000.00000000001, 0.1]}}', [['prices', '[87000,0.1]']]],
    ['{"predictions": [{"x": 1}, {"x": 2}]}', []],
    ['{"answer": 42}', []],
    ['no JSON', []]
  ])('to %s is read', (text, values) => {
    expect(predictedValues(text)).toEqual(values);
  });
});

describe('P3: what a model refuses', () => {
  it('is told at its field', () => {
    const details = [{ row: 0, field: 'age', message: 'is no whole number' }];
    const text = JSON.stringify({ error: 'row 0, age', details });
    expect(refusedValues(422, text)).toEqual({ age: 'is no whole number' });
    expect(refusedValues(500, text)).toEqual({});
    expect(refusedValues(422, 'no')).toEqual({});
  });
});
