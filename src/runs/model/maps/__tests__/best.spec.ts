import { isBetterHigh } from '../../../../document/maps/direction';
import { bestOf, Metrics, starOf, starredBy, usualBest } from '../best';
import { ElementTask } from '../elements';

const list = ['a', 'b', 'c', 'd'].map(key => ({ element: { key } }) as ElementTask);
const metrics: Metrics = new Map([
  ['a', { loss: 'NaN' }],
  ['b', { loss: 0.5 }],
  ['c', { loss: 0.25 }]
]);

describe('K10: the best element of a map', () => {
  it.each([
    ['accuracy', true],
    ['val_loss', false],
    ['RMSE', false],
    ['test-error', false],
    ['terrain', true]
  ])('has the name %s of a metric that is better if higher: %s', (name, isHighest) => {
    expect(isBetterHigh(name)).toBe(isHighest);
  });

  it('is by the first metric with a known name', () => {
    expect(usualBest(['rows', 'val_loss', 'f1'])).toEqual({ metric: 'val_loss', isHighest: false });
    expect(usualBest(['rows'])).toEqual({ metric: 'rows', isHighest: true });
    expect(usualBest([])).toBeUndefined();
  });

  it('has the lowest or the highest number', () => {
    expect(bestOf(list, metrics, { metric: 'loss', isHighest: false })).toBe(list[2]);
    expect(bestOf(list, metrics, { metric: 'loss', isHighest: true })).toBe(list[1]);
    expect(bestOf(list, metrics, { metric: 'other', isHighest: true })).toBeUndefined();
  });

  it('is starred by a tag of the run', () => {
    expect(starredBy(starOf('k1'))).toBe('k1');
    expect(starredBy('paper')).toBeUndefined();
  });
});
