import { freeName, stemOf } from '../freeName';

describe('D8: a name beside one that is taken', () => {
  const known = ['sales.csv', 'Sales 2.csv', 'notes'].map(name => ({ name }));
  it.each([
    ['sales.csv', 'sales 3.csv'],
    ['notes', 'notes 2'],
    ['Sales 2.csv', 'Sales 3.csv'],
    ['notes 2024', 'notes 2024 2'],
    ['model 2.5', 'model 2.5 2'],
    ['part 3', 'part 4'],
    ['a.tar.gz', 'a.tar 2.gz'],
    ['.env', '.env 2']
  ])('of %s is %s', (name, free) => expect(freeName(name, known)).toBe(free));
  it('is looked for by what both have', () => {
    expect(stemOf('awkward 2')).toBe('awkward');
    expect(stemOf('sales 2.csv')).toBe('sales');
    expect(stemOf('')).toBe('');
  });
});
