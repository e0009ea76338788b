import { TranslationBundle } from '@jupyterlab/translation';

import { showBytes } from './bytes';
import { CODES } from './codes';

/** A reason as the server sends it. */
export interface Reason {
  code: string;
  params: Record<string, unknown>;
}

// for example `{count}`, `{names:, }`, `{size:bytes}` and `{count:GPU|GPUs}`
const FIELD = /\{(\w+)(?::([^}]*))?\}/g;
const BETWEEN = '; ';
// separates the thousands of a number
const THOUSANDS = ',';
// shows a size with its unit
const BYTES = 'bytes';
// between the singular and the plural of a counted noun
const NOUNS = '|';
// as many digits as the command line shows
const DIGITS = 6;

function showNumber(value: number, between: string): string {
  if (between === BYTES) {
    return showBytes(value);
  }
  if (between === THOUSANDS && Number.isInteger(value)) {
    return value.toLocaleString('en-US');
  }
  const text = String(Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS)));
  const [one, several] = between.split(NOUNS);
  return several ? `${text} ${value === 1 ? one : several}` : text;
}

/** Return the text of a reason; '' without one. */
export function reasonText(reason: Reason | null | undefined, trans: TranslationBundle): string {
  if (!reason) {
    return '';
  }
  const { params } = reason;
  const text = CODES[reason.code];
  if (!text) {
    return String(params.text ?? reason.code); // of a newer server
  }
  const show = (value: unknown, between = BETWEEN): string =>
    Array.isArray(value)
      ? value.map(part => show(part)).join(between)
      : isReason(value)
        ? reasonText(value, trans)
        : typeof value === 'number'
          ? showNumber(value, between)
          : String(value ?? '');
  // eslint-disable-next-line jupyter/no-dynamic-translation -- `codes` has the literals
  return trans.__(text).replace(FIELD, (_, name, between) => show(params[name], between));
}

/** Return the first line of a text, where there is room for one. */
export function firstLine(text: string): string {
  return text.split('\n')[0];
}

/** Return the text of a reason; '' without one, and if a newer server made it. */
export function knownText(reason: Reason | null | undefined, trans: TranslationBundle): string {
  return isKnown(reason) ? reasonText(reason, trans) : '';
}

function isKnown(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.every(isKnown);
  }
  return !isReason(value) || (!!CODES[value.code] && Object.values(value.params).every(isKnown));
}

/** Return the texts of the reasons that exist, such as why a task runs and what it waits for. */
export function reasonsText(
  reasons: ReadonlyArray<Reason | null | undefined>,
  trans: TranslationBundle
): string {
  return reasons
    .map(reason => reasonText(reason, trans))
    .filter(Boolean)
    .join(' – ');
}

/** Return whether a value is a reason, such as the one in the data of an event. */
export function isReason(value: unknown): value is Reason {
  const { code, params } = (value ?? {}) as Partial<Reason>;
  return typeof code === 'string' && typeof params === 'object' && params !== null;
}
