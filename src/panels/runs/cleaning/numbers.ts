/** The rules of a clean-up that are numbers: their fields, and what is typed into them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { CleanUpRules } from '../../../api/types';

const GB = 1e9;
export const NUMBERS = ['older_than_days', 'keep', 'max_bytes'] as const;
/** What is typed into each field; sizes are gigabytes. */
export type NumberTexts = Record<(typeof NUMBERS)[number], string>;

export function numberFields(trans: TranslationBundle): [keyof NumberTexts, string][] {
  const labels = [
    trans.__('Older than (days)'),
    trans.__('Newest runs to keep of each workflow'),
    trans.__('Most gigabytes of all outputs')
  ];
  return NUMBERS.map((name, at) => [name, labels[at]]);
}

/** Return the rules as one would type them. */
export function textsOf({ older_than_days, keep, max_bytes }: CleanUpRules): NumberTexts {
  const most = max_bytes && max_bytes / GB;
  const [days, newest, size] = [older_than_days, keep, most].map(value => String(value ?? ''));
  return { older_than_days: days, keep: newest, max_bytes: size };
}

/** Return the fields whose numbers are unreadable. */
export function unreadNumbers(texts: NumberTexts): (keyof NumberTexts)[] {
  return NUMBERS.filter(name => numberOf(texts[name]) === undefined);
}

/** Return the rules in the texts; unreadable ones are missing. */
export function numbersOf(texts: NumberTexts): CleanUpRules {
  const [older_than_days, keep, most] = NUMBERS.map(name => numberOf(texts[name]));
  return { older_than_days, keep, max_bytes: most && Math.round(most * GB) };
}

/** Return the number in a text, null for none, undefined for an unreadable one. */
function numberOf(text: string): number | null | undefined {
  const value = text.trim() ? Number(text) : null;
  return value === null || (Number.isFinite(value) && value >= 0) ? value : undefined;
}
