/** Converts a task's metrics to lines: pure arithmetic. */
import { Metric } from '../../api/types';

/** Return the values of a line, with gaps for values that are not numbers. */
export function numbersOf(metric: Metric): (number | null)[] {
  return metric.values.map(value => (typeof value === 'number' ? value : null));
}

/** Return the places of the points: steps if the task counts them, else seconds. */
export function placesOf({ steps, seconds }: Metric): readonly number[] {
  return steps?.length ? steps : seconds;
}

/** Return at least two round values around all values. */
export function roundBounds(values: readonly (number | null)[], parts = 2): number[] {
  const known = values.filter((value): value is number => value !== null);
  const [least, largest] = known.length
    ? [reduce(known, Math.min), reduce(known, Math.max)]
    : [0, 1];
  const wanted = (largest - least || Math.abs(largest) || 1) / parts;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * [1, 2, 5, 10].find(size => size * power >= wanted * (1 - 1e-9))!;
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(largest / step - 1e-9));
  const count = last - first + 1;
  return Array.from({ length: count }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

function reduce(values: readonly number[], pick: (a: number, b: number) => number): number {
  return values.reduce((a, b) => pick(a, b));
}

/** Numbers from here on have more digits before the point than are shown after it. */
const LARGE = 1e5;
const DIGITS = 7;

/** Format a metric as the command line does: seven digits, and two decimals of large numbers. */
export function showNumber(value: number | string): string {
  if (typeof value !== 'number' || Number.isInteger(value)) {
    return String(value);
  }
  const isLarge = Math.abs(value) >= LARGE;
  return String(Number(isLarge ? value.toFixed(2) : value.toPrecision(DIGITS)));
}
