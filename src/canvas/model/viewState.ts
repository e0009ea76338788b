/** Keeps a workflow's view state across reloads: viewport and open panels. */
import { Viewport } from '@xyflow/react';

export interface IMemory {
  viewport?: Viewport;
  palette?: boolean;
  inspector?: boolean;
  outline?: boolean;
  /** Whether the minimap is open; undefined: as the number of nodes suggests. */
  minimap?: boolean;
}

const key = (path: string) => `nbyard:canvas:${path}`;

export function recall(path: string): IMemory {
  try {
    return (JSON.parse(sessionStorage.getItem(key(path)) ?? '{}') ?? {}) as IMemory;
  } catch {
    return {};
  }
}

/** Move the state when the file of a workflow moves. */
export function carry(from: string, to: string): void {
  remember(to, recall(from));
}

export function remember(path: string, change: IMemory): void {
  try {
    sessionStorage.setItem(key(path), JSON.stringify({ ...recall(path), ...change }));
  } catch {
    // storage is full or forbidden: the next reload starts without state
  }
}

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
export function hasMinimap(canvas: ISized & { ui: IMemory }): boolean {
  return mayHaveMinimap(canvas) && (canvas.ui.minimap ?? canvas.doc.nodes.size >= MAPPED.open);
}
