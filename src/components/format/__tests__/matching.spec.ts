import { bestFirst, matching } from '../matching';

it('D1: a search takes all words, in any case and order', () => {
  const names = ['Sales 2024.csv', 'sales-2025.csv', 'weather.csv'];
  const found = (text: string) => matching(names, text, name => name);
  expect(found('')).toEqual(names);
  expect(found('CSV sales')).toEqual(names.slice(0, 2));
  expect(found(' 2025  ')).toEqual(['sales-2025.csv']);
  expect(found('none')).toEqual([]);
});

it('K2: an item with this name is first, then those that begin with it', () => {
  const names = ['preclean.py', 'clean_all.py', 'clean.ipynb', 'CLEAN', 'train.py'];
  const order = (text: string) => bestFirst(names, text, name => name);
  expect(order(' clean ')).toEqual([
    ...['clean.ipynb', 'CLEAN', 'clean_all.py', 'preclean.py', 'train.py']
  ]);
  expect(order('clean.ipynb')[0]).toBe('clean.ipynb');
  expect(order('')).toEqual(names);
});
