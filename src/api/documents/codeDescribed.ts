import { Signal } from '@lumino/signaling';

/** New ports of a code file, which a canvas may connect. */
interface IDescribed {
  code: string;
  added: readonly { name: string; role?: string; default?: unknown; reach?: unknown }[];
}

/**
 * Emitted when the description of a code file or an environment changed, which no document shows.
 */
export const codeDescribed = new Signal<object, IDescribed | void>({});
