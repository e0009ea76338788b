import { canonical, isObject, Json, JsonObject } from './canonical';

export type Position = [number, number];

/** A connection from a node's output to another node's input. */
export interface IEdge {
  source: string;
  output: string;
  target: string;
  input: string;
}

/** The content of the file. Every block is a map by id, so order never matters. */
export interface IFlow {
  version: 1;
  meta: JsonObject;
  nodes: Record<string, JsonObject>;
  edges: Record<string, IEdge>;
  positions: Record<string, Position>;
  /** Texts in Markdown with their sizes; the file has this block only if there are any. */
  comments: Record<string, JsonObject>;
  /** Frames around nodes and comments, or cards in their place; left out like comments. */
  groups: Record<string, JsonObject>;
}

/** The top-level objects of a workflow file that the canvas edits. */
export const BLOCKS = ['meta', 'nodes', 'edges', 'positions', 'comments', 'groups'] as const;
export type Block = (typeof BLOCKS)[number];

/** The only output of a dataset node. */
export const DATASET_OUTPUT = 'data';

/** Whether an id is that of a comment; the ids of nodes begin with a letter or an underscore. */
export function isComment(id: string): boolean {
  return id.startsWith('#');
}

/** Whether an id is that of a group. */
export function isGroup(id: string): boolean {
  return id.startsWith('@');
}

export function edgeId(edge: IEdge): string {
  return `${edge.source}.${edge.output}->${edge.target}.${edge.input}`;
}

export function emptyFlow(): IFlow {
  return { version: 1, meta: {}, nodes: {}, edges: {}, positions: {}, comments: {}, groups: {} };
}

/** Parse a workflow document; undefined if the text is not a workflow. */
export function parseFlow(text: string): IFlow | undefined {
  if (!text.trim()) {
    return emptyFlow();
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== 1) {
    return undefined;
  }
  const flow = emptyFlow();
  for (const block of BLOCKS) {
    const items = value[block];
    if (items === undefined) {
      continue;
    }
    if (!isObject(items) || !Object.values(items).every(ITEMS[block] ?? isObject)) {
      return undefined;
    }
    (flow as unknown as JsonObject)[block] = items;
  }
  return flow;
}

export function writeFlow(flow: IFlow): string {
  const { comments, groups, ...blocks } = flow;
  const written = Object.entries({ comments, groups }).filter(
    ([, block]) => Object.keys(block ?? {}).length
  );
  return canonical({ ...blocks, ...Object.fromEntries(written) } as unknown as Json);
}

const ENDS = ['source', 'output', 'target', 'input'];

/** What the items of a block are, if not objects. */
const ITEMS: { [B in Block]?: (item: Json) => boolean } = {
  meta: () => true,
  nodes: item => isObject(item) && (item.arguments === undefined || isObject(item.arguments)),
  edges: item => isObject(item) && ENDS.every(end => typeof item[end] === 'string'),
  positions: item =>
    Array.isArray(item) && item.length === 2 && item.every(x => typeof x === 'number')
};
