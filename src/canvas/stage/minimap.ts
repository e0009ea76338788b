/** When the diagram has a minimap. */
import type { IMemory } from '../model/viewState';

/** The minimap redraws each node at each change, so only these numbers of nodes have one. */
const MAPPED = { from: 8, to: 1000 };

interface ISized {
  doc: { nodes: { readonly size: number } };
}

/** Return whether the workflow has a number of nodes for which there is a minimap. */
export function mayHaveMinimap({ doc }: ISized): boolean {
  return doc.nodes.size >= MAPPED.from && doc.nodes.size <= MAPPED.to;
}

/** Return whether the user opened the minimap; it is closed at first, because it covers cards. */
export function hasMinimap(canvas: ISized & { ui: Pick<IMemory, 'minimap'> }): boolean {
  return mayHaveMinimap(canvas) && !!canvas.ui.minimap;
}
