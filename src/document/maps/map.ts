/** The map of a node: the node runs once for each element. */
import { TranslationBundle } from '@jupyterlab/translation';
import { isObject, Json, JsonObject } from '../canonical';

/** Ports of mapped nodes; no argument can have these names. */
export const EACH = '@each';
export const ALL = '@all';
export const MAX_ELEMENTS = 10_000;

/** Where the elements come from. All but those of a grid are data at the port `@each`. */
export type Source =
  | { kind: 'grid'; values: Record<string, Json[]> }
  | { kind: 'rows'; columns: string[] }
  | { kind: 'files' | 'list'; over: string };

export interface IMap {
  each: Source;
  on_failure?: string;
  at_most?: number;
}

/** A valid `on_failure`: the first failure, none, a number of failures or a share. */
export const POLICY = /^(first|all|[0-9]{1,5}|(100|[0-9]{1,2})%)$/;

export function readMap({ map }: JsonObject): IMap | undefined {
  const isMap = isObject(map) && isObject(map.each) && typeof map.each.kind === 'string';
  return isMap ? (map as unknown as IMap) : undefined;
}

/** Return the values of swept parameters; undefined if the elements come from elsewhere. */
export function gridOf(map: IMap | undefined): Record<string, Json[]> | undefined {
  return map?.each.kind === 'grid' ? map.each.values : undefined;
}

/** Return the arguments that differ between elements. */
export function variedBy({ each }: IMap): string[] {
  switch (each.kind) {
    case 'grid':
      return Object.keys(each.values);
    case 'rows':
      return each.columns;
    default:
      return [each.over];
  }
}

/** Return the number of combinations of a grid. */
export function sizeOf(grid: Record<string, readonly Json[]>): number {
  return Object.values(grid).reduce((product, { length }) => product * length, 1);
}

/** Return the name of a port as it is shown. */
export function portName(name: string, trans: TranslationBundle): string {
  return name === EACH ? trans.__('each') : name === ALL ? trans.__('all results') : name;
}
