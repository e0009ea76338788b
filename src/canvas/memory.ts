/** What a window remembers of a workflow over a reload: where one looked, what was open. */
import { Viewport } from '@xyflow/react';

export interface IMemory {
  viewport?: Viewport;
  palette?: boolean;
  inspector?: boolean;
  outline?: boolean;
}

const key = (path: string) => `nbyard:canvas:${path}`;

export function recall(path: string): IMemory {
  try {
    return (JSON.parse(sessionStorage.getItem(key(path)) ?? '{}') ?? {}) as IMemory;
  } catch {
    return {};
  }
}

/** The file of a workflow has another path. */
export function carry(from: string, to: string): void {
  remember(to, recall(from));
}

export function remember(path: string, change: IMemory): void {
  try {
    sessionStorage.setItem(key(path), JSON.stringify({ ...recall(path), ...change }));
  } catch {
    // full, or forbidden: then the next reload starts afresh
  }
}
