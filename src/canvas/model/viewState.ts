/** Keeps a workflow's view state across reloads: viewport and open panels. */
import { Viewport } from '@xyflow/react';

export interface IMemory {
  /** Where the user moved the view; undefined while it is fitted. */
  viewport?: Viewport;
  palette?: boolean;
  inspector?: boolean;
  outline?: boolean;
  /** Whether the minimap is open. */
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
