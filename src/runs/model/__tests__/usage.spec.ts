import { Usage } from '../../../api/types';
import { axisTicks, most, pathOf, seriesOf } from '../usage';

const USAGE: Usage = {
  attempt: 1,
  done: true,
  started_at: null,
  seconds: [0, 1],
  cores: [0, 1.5],
  memory_bytes: [10, 20],
  processes: [1, 2],
  gpus: { 'GPU-a': { percent: [null, 40], memory_bytes: [null, 7] } },
  cpu_seconds: 1.5
};

describe('seriesOf', () => {
  it('makes a line of CPU and memory, and two of each GPU', () => {
    expect(seriesOf(USAGE).map(({ id }) => id)).toEqual([
      'cpu',
      'memory',
      'use GPU-a',
      'memory GPU-a'
    ]);
    expect(seriesOf({ ...USAGE, gpus: {} })).toHaveLength(2);
  });
});

describe('axisTicks', () => {
  it('are round and reach the largest value', () => {
    expect(axisTicks(0, 'cores')).toEqual([0, 0.05, 0.1]);
    expect(axisTicks(1, 'cores')).toEqual([0, 0.5, 1]);
    expect(axisTicks(3.3, 'cores')).toEqual([0, 2, 4]);
    expect(axisTicks(15, 'cores')).toEqual([0, 10, 20]);
    expect(axisTicks(3 * 1024 ** 3, 'bytes')).toEqual([0, 2 * 1024 ** 3, 4 * 1024 ** 3]);
    expect(axisTicks(0, 'bytes')).toEqual([0, 512 * 1024, 1024 ** 2]);
    expect(axisTicks(7, 'percent')).toEqual([0, 50, 100]);
  });

  it.each([0.1, 0.7, 1.01, 9.99, 10, 64, 1e5, 1e9, 2 ** 40])('reach %d', value => {
    for (const unit of ['cores', 'bytes'] as const) {
      expect(axisTicks(value, unit)[2]).toBeGreaterThanOrEqual(value);
    }
  });
});

describe('pathOf', () => {
  it('begins anew after a gap', () => {
    const x = (at: number) => at * 10;
    const y = (value: number) => 100 - value;
    expect(pathOf([0, 1, 2, 3], [1, 2, null, 4], x, y)).toBe('M0.0 99.0L10.0 98.0M28.0 96.0h4');
    expect(most([1, null, 3])).toBe(3);
    expect(most([])).toBe(0);
  });
});
