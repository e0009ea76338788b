/** The axes of parallel coordinates: where each element is on them. Pure arithmetic. */
import { showValue } from '../../../document/arguments';
import { Json } from '../../../document/canonical';
import { showNumber } from '../../model/metrics';
import { Metrics, numberOf } from '../../model/maps/best';
import { ElementTask } from '../../model/maps/elements';

/** An axis with more values than this has marks at its ends only. */
const MOST_MARKS = 8;

export interface IAxis {
  name: string;
  isMetric: boolean;
  /** Texts along the axis, from 0 (bottom) to 1. */
  marks: readonly { at: number; text: string }[];
  /** Where elements are, by position in the list; undefined without a value. */
  places: readonly (number | undefined)[];
}

/**
 * Return an axis for each parameter that differs between elements, then for each metric. Outputs
 * often repeat a parameter, which is then no metric.
 */
export function axesOf(
  list: readonly ElementTask[],
  metrics: Metrics,
  names: readonly string[]
): IAxis[] {
  const parameters = [...new Set(list.flatMap(task => Object.keys(task.arguments ?? {})))];
  const valuesOf = (name: string) => list.map(task => task.arguments?.[name] as Json | undefined);
  const varied = parameters
    .map(name => ({ name, values: valuesOf(name) }))
    .filter(({ values }) => new Set(values.map(showValue)).size > 1);
  const own = varied.length
    ? varied.map(({ name, values }) => parameterAxis(name, values))
    : [
        parameterAxis(
          '',
          list.map(({ element }) => element.label)
        )
      ];
  const others = names.filter(name => !own.some(axis => axis.name === name));
  return [
    ...own,
    ...others.map(name =>
      linearAxis(
        name,
        true,
        list.map(({ element }) => numberOf(metrics, element.key, name))
      )
    )
  ];
}

/** Return an axis with few values at equal distances, or with many numbers to scale. */
function parameterAxis(name: string, values: readonly (Json | undefined)[]): IAxis {
  const distinct = [...new Set(values.filter(value => value !== undefined).map(showValue))];
  const areNumbers = distinct.every(text => text !== '' && Number.isFinite(Number(text)));
  if (areNumbers && distinct.length > MOST_MARKS) {
    const numbers = values.map(value => (value === undefined ? undefined : Number(value)));
    return linearAxis(name, false, numbers);
  }
  if (areNumbers) {
    distinct.sort((left, right) => Number(left) - Number(right));
  }
  const last = Math.max(1, distinct.length - 1);
  const ranks = new Map(distinct.map((text, rank) => [text, rank / last]));
  const isFew = distinct.length <= MOST_MARKS;
  const marks = distinct
    .map((text, rank) => ({ text, at: rank / last }))
    .filter(({ at }) => isFew || at === 0 || at === 1);
  const places = values.map(value => (value === undefined ? value : ranks.get(showValue(value))));
  return { name, isMetric: false, marks, places };
}

function linearAxis(
  name: string,
  isMetric: boolean,
  values: readonly (number | undefined)[]
): IAxis {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value !== undefined) {
      [least, most] = [Math.min(least, value), Math.max(most, value)];
    }
  }
  const scale = (value: number) => (most > least ? (value - least) / (most - least) : 0.5);
  const ends = most > least ? [least, most] : most === least ? [most] : [];
  return {
    name,
    isMetric,
    marks: ends.map(value => ({ at: scale(value), text: showNumber(value) })),
    places: values.map(value => (value === undefined ? value : scale(value)))
  };
}

/** Return the line of one element, with gaps where it has no value. */
export function lineOf(
  axes: readonly IAxis[],
  index: number,
  x: (axis: number) => number,
  y: (place: number) => number
): string {
  let isDrawn = false;
  return axes
    .map(({ places }, axis) => {
      const place = places[index];
      const move = isDrawn ? 'L' : 'M';
      isDrawn = place !== undefined;
      return place === undefined ? '' : `${move}${x(axis).toFixed(1)},${y(place).toFixed(1)}`;
    })
    .join('');
}

/** Return the element whose line is nearest to a point, by its index, with the distance. */
export function nearest(
  axes: readonly IAxis[],
  { at, part, place }: { at: number; part: number; place: number }
): { index: number; distance: number } {
  const [left, right] = [axes[at].places, axes[Math.min(axes.length - 1, at + 1)].places];
  let closest = { index: -1, distance: Infinity };
  left.forEach((from, index) => {
    const to = right[index];
    if (from !== undefined && to !== undefined) {
      const distance = Math.abs(from + (to - from) * part - place);
      closest = distance < closest.distance ? { index, distance } : closest;
    }
  });
  return closest;
}
