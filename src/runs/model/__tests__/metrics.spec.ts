import { Metric } from '../../../api/types';
import { roundBounds, numbersOf, placesOf, showNumber } from '../metrics';

const METRIC: Metric = {
  name: 'loss',
  count: 3,
  last: 'NaN',
  seconds: [0, 1, 2],
  values: [2, 'Infinity', 'NaN'],
  steps: []
};

describe('metrics of a step, as lines', () => {
  it('have gaps where there is no number', () => {
    expect(numbersOf(METRIC)).toEqual([2, null, null]);
  });

  it('lie at steps where these are counted, else in time', () => {
    expect(placesOf(METRIC)).toEqual([0, 1, 2]);
    expect(placesOf({ ...METRIC, steps: [10, 20, 30] })).toEqual([10, 20, 30]);
  });

  it.each([
    [
      [0.1, 0.9],
      [0, 0.5, 1]
    ],
    [
      [-3, 2],
      [-5, 0, 5]
    ],
    [[5], [5, 10]],
    [[0], [0, 0.5]],
    [[null], [0, 0.5, 1]],
    [
      [1e-9, 3e-9],
      [1e-9, 2e-9, 3e-9]
    ]
  ])('have round marks around %j', (values, marks) => {
    expect(roundBounds(values)).toEqual(marks);
  });

  it.each([
    [0.123456789, '0.1234568'],
    [27241.5, '27241.5'],
    [12345.678, '12345.68'],
    [-1234567.891, '-1234567.89'],
    [123456789, '123456789'],
    [99999.9999999, '100000'],
    [1.5e-9, '1.5e-9'],
    ['NaN', 'NaN']
  ])('show %j as %s', (value, shown) => {
    expect(showNumber(value)).toBe(shown);
  });
});
