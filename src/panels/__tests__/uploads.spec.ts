import { freeName } from '../datasets/uploads';

describe('D8: a name beside one that is taken', () => {
  const known = ['sales.csv', 'Sales 2.csv', 'notes'].map(name => ({ name }));
  it.each([
    ['sales.csv', 'sales 3.csv'],
    ['notes', 'notes 2'],
    ['a.tar.gz', 'a.tar 2.gz'],
    ['.env', '.env 2']
  ])('of %s is %s', (name, free) => expect(freeName(name, known)).toBe(free));
});
