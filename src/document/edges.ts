/**
 * The rules for connections. The server has the same rules (`domain/workflows/structs.py`), both
 * read `tests/cases/edges.json`. Here they run while the mouse moves.
 */
import { DATASET_OUTPUT, IEdge } from './flow';

export type EdgeRefusal =
  'unknown-node' | 'self' | 'unknown-port' | 'direction' | 'taken' | 'format' | 'cycle';

export interface IPort {
  name: string;
  role: 'input' | 'output' | 'value';
  type?: string;
  format?: string;
}

/** What the rules need to know of a node; `arguments` is missing until it is read. */
export interface IPorts {
  type: string;
  format?: string;
  arguments?: readonly IPort[];
}

export type Ports = (node: string) => IPorts | undefined;

export const FOLDER = 'folder';
/** A file or a folder. */
export const ANY = 'any';

export function portsOf(node: IPorts): readonly IPort[] {
  if (node.type === 'dataset') {
    return [{ name: DATASET_OUTPUT, role: 'output', format: node.format }];
  }
  return (node.arguments ?? []).filter(port => port.role !== 'value');
}

export function formatsFit(output = '', input = ''): boolean {
  return (
    input === output ||
    input === ANY ||
    (output !== FOLDER && input !== FOLDER && (!output || !input))
  );
}

export function checkEdge(
  edge: IEdge,
  edges: Iterable<IEdge>,
  ports: Ports
): EdgeRefusal | undefined {
  const source = ports(edge.source);
  const target = ports(edge.target);
  if (!source || !target) {
    return 'unknown-node';
  }
  if (edge.source === edge.target) {
    return 'self';
  }
  const output = portsOf(source).find(port => port.name === edge.output);
  const input = portsOf(target).find(port => port.name === edge.input);
  if (!output || !input) {
    return 'unknown-port';
  }
  if (output.role !== 'output' || input.role !== 'input') {
    return 'direction';
  }
  const all = [...edges];
  if (all.some(other => other.target === edge.target && other.input === edge.input)) {
    return 'taken';
  }
  // one file is a list of one
  if (input.type !== 'list' && !formatsFit(output.format, input.format)) {
    return 'format';
  }
  return reaches(edge.target, edge.source, all) ? 'cycle' : undefined;
}

function reaches(from: string, to: string, edges: readonly IEdge[]): boolean {
  const next = new Map<string, string[]>();
  for (const { source, target } of edges) {
    const known = next.get(source);
    if (known) {
      known.push(target);
    } else {
      next.set(source, [target]);
    }
  }
  const seen = new Set([from]);
  for (const node of seen) {
    for (const other of next.get(node) ?? []) {
      seen.add(other); // a set may grow during iteration
    }
  }
  return seen.has(to);
}

export interface IFitting {
  edges: IEdge[];
  /** Why the first port was refused if none fits, or that the node has no such port. */
  refused?: EdgeRefusal | 'no-input' | 'no-output';
}

/** Return the possible connections from one port to a whole node. */
export function fittingEdges(
  from: { node: string; port: string },
  to: string,
  edges: Iterable<IEdge>,
  ports: Ports
): IFitting {
  const here = ports(from.node);
  const there = ports(to);
  const role = here && portsOf(here).find(port => port.name === from.port)?.role;
  if (!there || !role) {
    return { edges: [], refused: 'unknown-node' };
  }
  const all = [...edges];
  const backwards = role === 'input';
  const wanted = backwards ? 'output' : 'input';
  const isKnown = there.type === 'dataset' || there.arguments;
  const lacking = isKnown ? (`no-${wanted}` as const) : 'unknown-port';
  const tried = portsOf(there)
    .filter(port => port.role === wanted)
    .map(port =>
      backwards
        ? { source: to, output: port.name, target: from.node, input: from.port }
        : { source: from.node, output: from.port, target: to, input: port.name }
    )
    .map(edge => ({ edge, refused: checkEdge(edge, all, ports) }));
  return {
    edges: tried.filter(candidate => !candidate.refused).map(candidate => candidate.edge),
    refused: tried.length ? tried.find(candidate => candidate.refused)?.refused : lacking
  };
}
