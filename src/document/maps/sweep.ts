/**
 * The values of a sweep as text. The server reads the same texts (`domain/maps/elements.py`),
 * without the ranges of searches.
 */
import { IArgument, ParseProblem, parseValue, showValue } from '../arguments';
import { isObject, Json } from '../canonical';
import { IRange, MAX_ELEMENTS } from './map';

type Swept = Pick<IArgument, 'type' | 'choices'>;
export type SweepProblem = ParseProblem | 'many' | 'order';

/**
 * Parse the values of a sweep: `0.01, 0.1`, `1..10`, or a JSON list. In a search, and for other
 * numbers, `1..10` and `0.001..0.1 log` are ranges.
 */
export function parseSweep(
  argument: Swept,
  text: string,
  isSearch = false
): { values: Json[] | IRange } | { problem: SweepProblem } {
  const { type } = argument;
  const trimmed = text.trim();
  if (trimmed.startsWith('[') || type === 'list' || type === 'json') {
    const read = parseValue('list', trimmed);
    return 'problem' in read ? read : { values: read.value as Json[] };
  }
  const log = / log$/.test(trimmed);
  const ends = trimmed.replace(/ log$/, '').split('..');
  const isRange = type === 'int' && ends.length === 2;
  if (ends.length === 2 && (type === 'float' || (isRange && (isSearch || log)))) {
    const [low, high] = ends.map(end => parseValue(type, end.trim()));
    return 'problem' in low
      ? low
      : 'problem' in high
        ? high
        : sampled(low.value as number, high.value as number, log);
  }
  const values: Json[] = [];
  for (const word of isRange ? ends : trimmed.split(',')) {
    const read = parseValue(type, word.trim());
    if ('problem' in read) {
      return read;
    }
    values.push(chosen(argument, read.value));
  }
  return isRange ? rangeOf(values[0] as number, values[1] as number) : { values };
}

function sampled(low: number, high: number, log: boolean) {
  return low > high || (log && low <= 0)
    ? { problem: 'order' as const }
    : { values: log ? { low, high, log } : { low, high } };
}

function rangeOf(first: number, last: number): { values: Json[] } | { problem: SweepProblem } {
  const length = Math.abs(last - first) + 1;
  const step = Math.sign(last - first);
  return length > MAX_ELEMENTS
    ? { problem: 'many' }
    : { values: Array.from({ length }, (_, place) => first + step * place) };
}

/** Return the value of a text where only some values are possible. */
function chosen({ type, choices = [] }: Swept, value: Json): Json {
  const possible = type === 'bool' ? [true, false] : choices;
  return possible.find(choice => showValue(choice) === value) ?? value;
}

/** Return the text of a sweep, which `parseSweep` reads. */
export function sweepText(type: IArgument['type'], values: readonly Json[] | IRange): string {
  if ('low' in values) {
    return `${values.low}..${values.high}${values.log ? ' log' : ''}`;
  }
  const [first] = values;
  const isRange =
    type === 'int' &&
    values.length > 3 &&
    values.every((value, place) => value === Number(first) + place);
  if (isRange) {
    return `${String(first)}..${String(values[values.length - 1])}`;
  }
  const isPlain = values.every(
    value => !isObject(value) && !Array.isArray(value) && PLAIN.test(showValue(value))
  );
  return isPlain ? values.map(showValue).join(', ') : JSON.stringify(values);
}

/** A value that needs no quotes in a list. */
const PLAIN = /^[^\s,[](?:[^,]*[^\s,])?$/;
