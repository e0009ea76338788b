/** What a card shows of a map and its elements, and their texts. */
import { TranslationBundle } from '@jupyterlab/translation';
import { stateText } from '../../../components/StateMark';
import { JsonObject } from '../../../document/canonical';
import { IPort } from '../../../document/edges';
import { ALL, readMap, sizeOf } from '../../../document/maps/map';

/** The states of elements of a map, in the order of their bar. */
export const ELEMENT_STATES = ['succeeded', 'failed', 'skipped', 'running', 'waiting'] as const;
export type ElementState = (typeof ELEMENT_STATES)[number];

/** At most so many elements are drawn as tiles. */
export const MOST_TILES = 60;

/** The elements of a map in a run. */
export interface IElements {
  total: number;
  counts: Record<ElementState, number>;
  /** The state of each element, if they are few. */
  tiles?: readonly ElementState[];
}

export interface IMapView {
  /** The number of elements, as far as it is known. */
  size?: number;
}

/** Return the map of a node. A node that follows another one's elements has the port of a map. */
export function mapOf(
  fields: JsonObject,
  ports: readonly IPort[] | undefined,
  total: number | undefined
): IMapView | undefined {
  const map = readMap(fields);
  const isMap = map ?? ports?.some(({ name }) => name === ALL);
  return isMap ? { size: sizeOf(map?.each) ?? total } : undefined;
}

export function mapText({ size }: IMapView, trans: TranslationBundle): string {
  return size === undefined
    ? trans.__('runs once for each element')
    : trans._n('runs once for %1 element', 'runs once for each of %1 elements', size);
}

/** Return how many elements of a map have each state. */
export function elementsText({ total, counts }: IElements, trans: TranslationBundle): string {
  const parts = ELEMENT_STATES.filter(state => counts[state]).map(
    state => `${counts[state].toLocaleString()} ${stateText(state, trans)}`
  );
  return [trans._n('%1 element', '%1 elements', total), ...parts].join(', ');
}
