/** Converts resource measurements to lines: pure arithmetic. */
import { Usage } from '../../api/types';

export type Unit = 'cores' | 'bytes' | 'percent';

/** One line over time; `values` has a gap where a value is missing. */
export interface ISeries {
  id: string;
  unit: Unit;
  /** The GPU of the line, if any. */
  gpu?: string;
  values: readonly (number | null)[];
}

export function seriesOf(usage: Usage): ISeries[] {
  const gpus = Object.entries(usage.gpus ?? {});
  return [
    { id: 'cpu', unit: 'cores', values: usage.cores ?? [] },
    { id: 'memory', unit: 'bytes', values: usage.memory_bytes ?? [] },
    ...gpus.flatMap(([gpu, { percent, memory_bytes }]): ISeries[] => [
      { id: `use ${gpu}`, unit: 'percent', gpu, values: percent },
      { id: `memory ${gpu}`, unit: 'bytes', gpu, values: memory_bytes }
    ])
  ];
}

export function most(values: readonly (number | null)[]): number {
  return values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
}

/** Return round values for the axis, from 0 to at least the largest value. */
export function axisTicks(largest: number, unit: Unit): number[] {
  if (unit === 'percent') {
    return [0, 50, 100];
  }
  const base = unit === 'bytes' ? 1024 : 10;
  const wanted = Math.max(largest, unit === 'bytes' ? 1024 ** 2 : 0.1) / 2;
  const power = base ** Math.floor(Math.log(wanted) / Math.log(base) + 1e-9);
  const steps = unit === 'bytes' ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] : [1, 2, 5, 10];
  const step = power * steps.find(size => size * power >= wanted * (1 - 1e-9))!;
  return [0, step, 2 * step].map(level => Number(level.toPrecision(15)));
}

const DASH = 4;

/** Return the `d` of an SVG path through all points; a single point becomes a dash. */
export function pathOf(
  seconds: readonly number[],
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number
): string {
  let drawing = false;
  return values
    .map((value, index) => {
      if (value === null) {
        drawing = false;
        return '';
      }
      const command = drawing ? 'L' : 'M';
      const isAlone = !drawing && (values[index + 1] ?? null) === null;
      drawing = true;
      const left = x(seconds[index]) - (isAlone ? DASH / 2 : 0);
      return `${command}${left.toFixed(1)} ${y(value).toFixed(1)}${isAlone ? `h${DASH}` : ''}`;
    })
    .join('');
}
