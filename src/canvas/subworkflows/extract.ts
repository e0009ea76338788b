/** Moves nodes into a workflow of their own, for which one node of the first workflow stands. */
import { isObject, JsonObject } from '../../document/canonical';
import { emptyFlow, IEdge, IFlow, isGroup, Position } from '../../document/flow';

export interface IExtraction {
  /** The new workflow. */
  inner: IFlow;
  /** The nodes, comments and groups that move there. */
  moved: string[];
  /** The parameters of the new workflow, with their values in the first one. */
  arguments: JsonObject;
  /** The connections of the node that stands for them. */
  edges: IEdge[];
  at: Position;
}

/**
 * Return what moves if the node `id` stands for the chosen nodes, comments and groups; undefined if other
 * nodes lie between them. Datasets that other nodes use stay.
 */
export function extract(
  flow: IFlow,
  chosen: readonly string[],
  id: string
): IExtraction | undefined {
  const among = new Set(chosen);
  const edges = Object.values(flow.edges);
  const isShared = (node: string) =>
    flow.nodes[node]?.type === 'dataset' &&
    edges.some(({ source, target }) => source === node && !among.has(target));
  const moved = new Set(chosen.filter(node => !isShared(node)));
  const into = edges.filter(({ source, target }) => !moved.has(source) && moved.has(target));
  const from = edges.filter(({ source, target }) => moved.has(source) && !moved.has(target));
  if (isBetween(edges, from, moved)) {
    return undefined;
  }
  const { parameters } = flow.meta;
  const nodes = [...moved].flatMap(node => (node in flow.nodes ? [flow.nodes[node]] : []));
  const bound = isObject(parameters)
    ? Object.keys(parameters).filter(name => nodes.some(node => isBound(node, name)))
    : [];
  const inner = emptyFlow();
  if (bound.length) {
    const own = bound.map(name => [name, (parameters as JsonObject)[name]]);
    inner.meta.parameters = Object.fromEntries(own) as JsonObject;
  }
  if (flow.meta.environment) {
    inner.meta.environment = flow.meta.environment;
  }
  const cards = [...moved].filter(card => !isGroup(card)).map(card => flow.positions[card]);
  const at: Position = [Math.min(...cards.map(([x]) => x)), Math.min(...cards.map(([, y]) => y))];
  for (const card of moved) {
    const [x, y] = flow.positions[card] ?? at;
    inner.positions[card] = [x - at[0], y - at[1]];
  }
  for (const block of ['nodes', 'comments', 'groups'] as const) {
    const own = Object.entries(flow[block]).filter(([card]) => moved.has(card));
    inner[block] = Object.fromEntries(own);
  }
  for (const [key, edge] of Object.entries(flow.edges)) {
    if (moved.has(edge.source) && moved.has(edge.target)) {
      inner.edges[key] = edge;
    }
  }
  return {
    inner,
    moved: [...moved],
    arguments: Object.fromEntries(bound.map(name => [name, { parameter: name }])),
    edges: [
      ...into.map(edge => ({ ...edge, target: id, input: `${edge.target}.${edge.input}` })),
      ...from.map(edge => ({ ...edge, source: id, output: `${edge.source}.${edge.output}` }))
    ],
    at
  };
}

/** Return whether a path leads from the nodes to others and back. */
function isBetween(
  edges: readonly IEdge[],
  from: readonly IEdge[],
  moved: ReadonlySet<string>
): boolean {
  const after = new Map<string, string[]>();
  edges.forEach(({ source, target }) => after.set(source, [...(after.get(source) ?? []), target]));
  const seen = new Set(from.map(({ target }) => target));
  for (const node of seen) {
    if (moved.has(node)) {
      return true;
    }
    after.get(node)?.forEach(next => seen.add(next)); // a set is iterated as it grows
  }
  return false;
}

function isBound(node: JsonObject, parameter: string): boolean {
  return (
    isObject(node.arguments) &&
    Object.values(node.arguments).some(value => isObject(value) && value.parameter === parameter)
  );
}
