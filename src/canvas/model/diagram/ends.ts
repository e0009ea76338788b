/** The ends of drawn connections: a port of a folded group is one of a node in it. */
import { IEdge, isGroup } from '../../../document/flow';

interface ILink {
  source: string;
  sourceHandle?: string | null;
  target: string;
  targetHandle?: string | null;
}

/** Return the name of a port on the card that stands for its node. */
export function handleOf(card: string, node: string, port: string): string {
  return card === node ? port : `${node}.${port}`;
}

interface IEnd {
  node: string;
  port: string;
}

/** Return the node and the port of a handle. */
export function endOf(card: string, handle?: string | null): IEnd {
  const name = handle ?? '';
  const dot = name.indexOf('.');
  return isGroup(card)
    ? { node: name.slice(0, dot), port: name.slice(dot + 1) }
    : { node: card, port: name };
}

/** Return the connection of the document that is drawn between two cards. */
export function edgeOf(link: ILink): IEdge {
  const { node: source, port: output } = endOf(link.source, link.sourceHandle);
  const { node: target, port: input } = endOf(link.target, link.targetHandle);
  return { source, output, target, input };
}

/** Return the connection that is drawn from a handle of this type to another one. */
export function linked(type: 'source' | 'target', from: IEnd, to: IEnd): IEdge {
  const [source, target] = type === 'source' ? [from, to] : [to, from];
  return { source: source.node, output: source.port, target: target.node, input: target.port };
}

/** The outputs of a node that break their contracts, and the inputs whose data do. */
export interface IBroken {
  outputs: readonly string[];
  inputs: readonly string[];
}
