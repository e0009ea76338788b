import { ISignal } from '@lumino/signaling';
import { useNow } from './times';
import { useSignal } from './useSignal';

/** What keeps a page from its server until somebody signs in, or starts the server. */
export type Barrier = 'signed-out' | 'stopped';

/** A server that is away. */
export interface ILost {
  /** When it was last there. */
  readonly since: number;
  /** What keeps us from it, as far as is known. */
  readonly barrier?: Barrier;
}

/** The connection to a server. */
export interface IConnection {
  /** Undefined while the server is there, and before it ever was. */
  readonly lost: ILost | undefined;
  readonly connectedChanged: ISignal<unknown, boolean>;
}

/** Since when, and why, the server is away. */
export function useLost(connection: IConnection): ILost | undefined {
  return useSignal(connection.connectedChanged, () => connection.lost);
}

/** The time, drawn again while `ticking`; while the server is away, when it was last there. */
export function useServerNow(connection: IConnection, ticking: boolean): number {
  const lost = useLost(connection);
  const now = useNow(ticking && !lost);
  return lost?.since ?? now;
}
