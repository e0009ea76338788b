/** When the diagram has a minimap. */
import type { IMemory } from '../model/viewState';

/**
 * The minimap redraws each node at each change, so only these numbers of nodes have one; it is open
 * at first from the middle number on.
 */
const MAPPED = { from: 8, open: 20, to: 1000 };

interface ISized {
  doc: { nodes: { readonly size: number } };
}

/** Return whether the workflow has a number of nodes for which there is a minimap. */
export function mayHaveMinimap({ doc }: ISized): boolean {
  return doc.nodes.size >= MAPPED.from && doc.nodes.size <= MAPPED.to;
}

/** Return whether the minimap is open: as the user chose, else by the number of nodes. */
export function hasMinimap(canvas: ISized & { ui: Pick<IMemory, 'minimap'> }): boolean {
  return mayHaveMinimap(canvas) && (canvas.ui.minimap ?? canvas.doc.nodes.size >= MAPPED.open);
}
