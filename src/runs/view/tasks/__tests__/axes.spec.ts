import { ElementTask } from '../../../model/maps/elements';
import { axesOf, lineOf, nearest } from '../axes';

const task = (key: string, values: object) =>
  ({ arguments: values, element: { key, label: key } }) as unknown as ElementTask;

const LIST = [
  task('a', { lr: 1, rows: 9 }),
  task('b', { lr: 0.01, rows: 9 }),
  task('c', { lr: 0.1, rows: 9 })
];
const METRICS = new Map([
  ['a', { loss: 3 }],
  ['b', { loss: 1 }]
]);

describe('K10: parallel coordinates', () => {
  const axes = axesOf(LIST, METRICS, ['loss']);

  it('have an axis for each parameter that differs, and for each metric', () => {
    expect(axes.map(({ name }) => name)).toEqual(['lr', 'loss']);
    expect(axes[0].places).toEqual([1, 0, 0.5]);
    expect(axes[0].marks.map(({ text }) => text)).toEqual(['0.01', '0.1', '1']);
    expect(axes[1].places).toEqual([1, 0, undefined]);
  });

  it('show an output that repeats a parameter only once', () => {
    const names = axesOf(LIST, METRICS, ['lr', 'loss']).map(({ name }) => name);
    expect(names).toEqual(['lr', 'loss']);
  });

  it('have many numbers to scale, and elements without parameters by their label', () => {
    const many = Array.from({ length: 11 }, (_, n) => task(`k${n}`, { n: n * n }));
    const [axis] = axesOf(many, new Map(), []);
    expect(axis.places[5]).toBe(0.25);
    expect(axis.marks.map(({ text }) => text)).toEqual(['0', '100']);
    expect(axesOf([task('x', {}), task('y', {})], new Map(), [])[0].places).toEqual([0, 1]);
  });

  it('leave a gap without a value, and find the nearest line', () => {
    const x = (axis: number) => axis;
    expect(lineOf(axes, 0, x, x)).toBe('M0.0,1.0L1.0,1.0');
    expect(lineOf(axes, 2, x, x)).toBe('M0.0,0.5');
    expect(nearest(axes, { at: 0, part: 0.5, place: 0.9 }).index).toBe(0);
    expect(nearest(axes, { at: 0, part: 0.5, place: 0.4 }).index).toBe(1);
  });
});
