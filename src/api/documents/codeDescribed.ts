import { Signal } from '@lumino/signaling';

/** Emitted when a request changed the description of a code file, which no document shows. */
export const codeDescribed = new Signal<object, void>({});
