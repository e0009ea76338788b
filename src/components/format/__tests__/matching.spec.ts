import { matching } from '../Search';

it('D1: a search takes all words, in any case and order', () => {
  const names = ['Sales 2024.csv', 'sales-2025.csv', 'weather.csv'];
  const found = (text: string) => matching(names, text, name => name);
  expect(found('')).toEqual(names);
  expect(found('CSV sales')).toEqual(names.slice(0, 2));
  expect(found(' 2025  ')).toEqual(['sales-2025.csv']);
  expect(found('none')).toEqual([]);
});
