import { TranslationBundle } from '@jupyterlab/translation';

/** Browsers take seconds to lay out lines of millions of characters. */
const LONGEST = 10_000;

/** Return the start of a very long line with the number of characters that follow. */
export function foldedLine(line: string, trans: TranslationBundle): string {
  const more = line.length - LONGEST;
  return more > 0 ? `${line.slice(0, LONGEST)} … ${trans.__('%1 more characters', more)}` : line;
}
