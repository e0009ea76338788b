import { Metric } from '../../../api/types';
import { around, numbersOf, placesOf, showNumber } from '../metrics';

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
    expect(around(values)).toEqual(marks);
  });

  it('are shown with five digits', () => {
    expect([0.123456789, 12345.678, 'NaN'].map(showNumber)).toEqual(['0.12346', '12346', 'NaN']);
  });
});
