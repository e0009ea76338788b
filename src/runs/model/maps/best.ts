/** Which element of a map is best by a metric, and which ones are starred. */
import { Task } from '../../../api/types';
import { HIGH, isBetterHigh, LOW } from '../../../document/maps/direction';
import { ElementTask } from './elements';

/** Metrics by the key of an element. */
export type Metrics = ReadonlyMap<string, Readonly<Record<string, number | string>>>;

/** The metric by which elements are compared. */
export interface IBest {
  metric: string;
  isHighest: boolean;
}

/** Return the comparison before the user chooses one: by the first metric with a known name. */
export function usualBest(names: readonly string[]): IBest | undefined {
  const metric = names.find(name => LOW.test(name) || HIGH.test(name)) ?? names[0];
  return metric === undefined ? undefined : { metric, isHighest: isBetterHigh(metric) };
}

/** Return the names of metrics, in the order in which elements have them. */
export function metricNames(metrics: Metrics): string[] {
  return [...new Set([...metrics.values()].flatMap(own => Object.keys(own)))];
}

/** Return a metric of an element if it is a finite number. */
export function numberOf(metrics: Metrics, key: string, name: string): number | undefined {
  const value = metrics.get(key)?.[name];
  return typeof value === 'number' ? value : undefined;
}

/** Return the best element; of equal elements the first. */
export function bestOf(
  list: readonly ElementTask[],
  metrics: Metrics,
  { metric, isHighest }: IBest
): ElementTask | undefined {
  const sign = isHighest ? 1 : -1;
  let [best, most] = [undefined as ElementTask | undefined, -Infinity];
  for (const task of list) {
    const value = numberOf(metrics, task.element.key, metric);
    if (value !== undefined && sign * value > most) {
      [best, most] = [task, sign * value];
    }
  }
  return best;
}

/** A run has such a tag for each starred element. The key is the same in each run of the element. */
const STAR = 'star/';

export const starOf = (key: string): string => STAR + key;

/** Return the key of the element that a tag stars; undefined for other tags. */
export function starredBy(tag: string): string | undefined {
  return tag.startsWith(STAR) ? tag.slice(STAR.length) : undefined;
}

/** Return the model of a task that can be deployed. */
export function modelOf({ artifacts = [] }: Task): Task['artifacts'][number] | undefined {
  return artifacts.find(({ output_class }) => output_class === 'model');
}
