/** The ports of a folded group: those of its nodes that are of use outside. */
import { IEdge, isGroup } from '../../../document/flow';
import { handleOf } from './ends';
import type { GroupTree } from './groupTree';

interface IPort {
  name: string;
  state: string;
}

interface IViews<P> {
  portsOf(id: string): [P[], P[]];
  arrowsInto(id: string): readonly IEdge[];
  arrowsFrom(id: string): readonly IEdge[];
  usedPorts(id: string): readonly (readonly string[])[];
}

/** Return the names of the inputs and outputs at which connections end on a card. */
export function handlesOf(
  tree: GroupTree,
  views: IViews<IPort>,
  card: string
): readonly (readonly string[])[] {
  return isGroup(card)
    ? groupPorts(tree, views, card).map(side => side.map(({ handle }) => handle))
    : views.usedPorts(card);
}

type GroupPort<P> = P & { node: string; handle: string };

/**
 * Return the inputs that are connected from outside or missing, and the outputs that are connected
 * to the outside or not used inside.
 */
export function groupPorts<P extends IPort>(
  tree: GroupTree,
  views: IViews<P>,
  group: string
): [GroupPort<P>[], GroupPort<P>[]] {
  const leaves = tree.leaves(group);
  const inside = new Set(leaves);
  const all = (side: 0 | 1, isPort: (node: string, port: P) => boolean) =>
    leaves.flatMap(node =>
      views
        .portsOf(node)
        [side].filter(port => isPort(node, port))
        .map(port => ({ ...port, node, handle: handleOf(group, node, port.name) }))
    );
  const inputs = all(0, (node, { name, state }) => {
    const into = views.arrowsInto(node).filter(({ input }) => input === name);
    return state === 'missing' || into.some(({ source }) => !inside.has(source));
  });
  const outputs = all(1, (node, { name }) => {
    const from = views.arrowsFrom(node).filter(({ output }) => output === name);
    return !from.length || from.some(({ target }) => !inside.has(target));
  });
  return [inputs, outputs];
}
