import { isObject, Json, JsonObject, same } from './canonical';
import { BLOCKS, emptyFlow, IFlow } from './flow';

export interface IMerge {
  flow: IFlow;
  /** `block/id/field` of conflicting changes, where mine was kept. */
  clashes: string[];
}

type Value = Json | undefined;

/**
 * Merge by id and field: a change beats no change, mine beats theirs in a conflict, and an edit
 * beats a deletion.
 */
export function merge3(base: IFlow, mine: IFlow, theirs: IFlow): IMerge {
  const clashes: string[] = [];
  const flow = emptyFlow();
  for (const block of BLOCKS) {
    const merged = mergeMaps(
      base[block] as JsonObject,
      mine[block] as JsonObject,
      theirs[block] as JsonObject,
      block,
      clashes
    );
    (flow as unknown as JsonObject)[block] = merged;
  }
  for (const [id, edge] of Object.entries(flow.edges)) {
    if (!(edge.source in flow.nodes) || !(edge.target in flow.nodes)) {
      delete flow.edges[id];
    }
  }
  return { flow, clashes };
}

function mergeMaps(
  base: JsonObject,
  mine: JsonObject,
  theirs: JsonObject,
  path: string,
  clashes: string[]
): JsonObject {
  const out: JsonObject = {};
  for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const value = mergeValues(base[key], mine[key], theirs[key], `${path}/${key}`, clashes);
    if (value !== undefined) {
      out[key] = value;
    }
  }
  return out;
}

function mergeValues(
  base: Value,
  mine: Value,
  theirs: Value,
  path: string,
  clashes: string[]
): Value {
  if (same(mine, theirs) || same(theirs, base)) {
    return mine;
  }
  if (same(mine, base)) {
    return theirs;
  }
  if (isObject(mine) && isObject(theirs)) {
    return mergeMaps(isObject(base) ? base : {}, mine, theirs, path, clashes);
  }
  clashes.push(path);
  return mine === undefined ? theirs : mine;
}
