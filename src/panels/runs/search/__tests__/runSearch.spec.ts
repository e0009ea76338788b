import { queryOf, unknownFilter, withFilter } from '../runSearch';

const CASES: [string, object][] = [
  ['penguins', { search: 'penguins' }],
  ['  every night ', { search: 'every night' }],
  ['is:failed by:ann', { state: 'failed', person: 'ann' }],
  ['train is:failed model', { state: 'failed', search: 'train model' }],
  ['automation:"Every night" x', { automation: 'Every night', search: 'x' }],
  ['since:2026-01-31 until:2026-02-28T08:30', { since: '2026-01-31', until: '2026-02-28T08:30' }],
  ['workflow:a/b.nbflow origin:shell', { workflow: 'a/b.nbflow', origin: 'shell' }],
  ['project:wine', { project: 'wine' }],
  ['tag:paper/2 x', { tag: 'paper/2', search: 'x' }],
  ['executable:train', { executable: 'train' }],
  ['C:\\data colour:red is:', { search: 'C:\\data colour:red is:' }],
  ['constructor:x', { search: 'constructor:x' }],
  ['', {}]
];

describe('a search of runs', () => {
  it.each(CASES)('reads %j', (text, query) => {
    expect(queryOf(text)).toEqual(query);
  });

  it.each([
    ['colour:red is:failed', 'colour'],
    ['by:ann constructor:"a b"', 'constructor'],
    ['C:\\data is: project:x', undefined]
  ])('names the unknown filter of %j', (text, name) => {
    expect(unknownFilter(text)).toBe(name);
  });
});

it.each([
  ['', 'is', 'failed', 'is:failed'],
  ['is:failed by:"Ann B" train', 'is', 'running', 'by:"Ann B" train is:running'],
  ['train is:failed', 'is', '', 'train'],
  ['tag:a', 'is', 'failed', 'tag:a is:failed']
])('sets a filter of %s', (text, filter, value, expected) => {
  expect(withFilter(text, filter, value)).toBe(expected);
});
