/** The map of a node: the node runs once for each element. */
import { TranslationBundle } from '@jupyterlab/translation';
import { isObject, Json, JsonObject } from '../canonical';

/** Ports of mapped nodes; no argument can have these names. */
export const EACH = '@each';
export const ALL = '@all';
export const MAX_ELEMENTS = 10_000;
/** How many elements of an optimiser run at once, unless its map says otherwise. */
export const AT_ONCE = 4;

/** A range of numbers, of which a search takes some. */
export interface IRange {
  low: number;
  high: number;
  log?: boolean;
}

/** The values of swept parameters by name. */
export type Space = Record<string, Json[] | IRange>;

/** A sample of a space. An optimiser reads the metric `goal` of earlier elements. */
export interface ISearch {
  kind: 'search';
  space: Space;
  by?: string;
  count?: number;
  goal?: string;
  direction?: string;
  prune?: boolean;
}

/** The number of elements of a search that names none, and the optimiser of the product. */
export const USUAL_COUNT = 20;
export const OPTUNA = 'optuna';

/** Where the elements come from. All but those of grids and searches are data at `@each`. */
export type Source =
  | ISearch
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
export function spaceOf(map: IMap | undefined): Space | undefined {
  const each = map?.each;
  return each?.kind === 'grid' ? each.values : each?.kind === 'search' ? each.space : undefined;
}

/** Return the arguments that differ between elements. */
export function variedBy({ each }: IMap): string[] {
  switch (each.kind) {
    case 'grid':
      return Object.keys(each.values);
    case 'search':
      return Object.keys(each.space);
    case 'rows':
      return each.columns;
    default:
      return [each.over];
  }
}

/** Return the number of elements of a grid or a search; undefined if data decide it. */
export function sizeOf(each: Source | undefined): number | undefined {
  return each?.kind === 'search'
    ? (each.count ?? USUAL_COUNT)
    : each?.kind === 'grid'
      ? Object.values(each.values).reduce((product, { length }) => product * length, 1)
      : undefined;
}

/** Return the source with these swept values: a search if there is a range, or was one before. */
export function sourceOf(space: Space, before?: Source): Source {
  const isSearch = before?.kind === 'search' || !Object.values(space).every(Array.isArray);
  return isSearch
    ? { ...(before?.kind === 'search' ? before : { kind: 'search' }), space }
    : { kind: 'grid', values: space as Record<string, Json[]> };
}

/** Return the name of a port as it is shown. */
export function portName(name: string, trans: TranslationBundle): string {
  return name === EACH ? trans.__('each') : name === ALL ? trans.__('all results') : name;
}
