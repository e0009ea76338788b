import { ISignal } from '@lumino/signaling';
import { useNow } from '../format/times';
import { useSignal } from './useSignal';

/** What blocks the server until somebody signs in or starts it. */
export type Barrier = 'signed-out' | 'stopped';

/** A server that does not respond. */
export interface ILost {
  /** When it responded last. */
  readonly since: number;
  /** What blocks access to it, as far as it is known. */
  readonly barrier?: Barrier;
}

/** The connection to a server. */
export interface IConnection {
  /** Undefined while the server responds, and before the first connection. */
  readonly lost: ILost | undefined;
  readonly connectedChanged: ISignal<unknown, boolean>;
}

/** Return since when, and why, the server does not respond. */
export function useLost(connection: IConnection): ILost | undefined {
  return useSignal(connection.connectedChanged, () => connection.lost);
}

/**
 * Return the time, updated each `period` milliseconds while `ticking`; while the server is away,
 * its last response.
 */
export function useServerNow(connection: IConnection, ticking: boolean, period?: number): number {
  const lost = useLost(connection);
  const now = useNow(ticking && !lost, period);
  return lost?.since ?? now;
}

/** "3 min ago" is never older than this, in milliseconds. */
const AGO_PERIOD = 15_000;

/** Return the time for texts such as "3 min ago"; with something live, each second. */
export function useAgoNow(connection: IConnection, isLive = false): number {
  return useServerNow(connection, true, isLive ? undefined : AGO_PERIOD);
}
