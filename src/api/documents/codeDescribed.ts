import { Signal } from '@lumino/signaling';
import type { Argument } from '../types';

/** New ports of a code file, which a canvas may connect. */
interface IDescribed {
  code: string;
  added: readonly Argument[];
}

/** Emitted when a request changed the description of a code file, which no document shows. */
export const codeDescribed = new Signal<object, IDescribed | void>({});
