import { nullTranslator } from '@jupyterlab/translation';

import cases from '../../../tests/cases/reasons.json';
import { CODES } from '../codes';
import { isReason, knownText, reasonText, reasonsText } from '..';

interface ICase {
  reason: { code: string; params: Record<string, unknown> };
  text: string;
}

const SHOWN: ICase[] = cases;
const trans = nullTranslator.load('nbyard');

describe('The text of a reason', () => {
  it.each(SHOWN)('is the one of the command line: $text', ({ reason, text }) => {
    expect(reasonText(reason, trans)).toBe(text);
  });

  it('exists for exactly the codes that a server may send', () => {
    const known = new Set(SHOWN.map(({ reason }) => reason.code));
    expect(new Set(Object.keys(CODES))).toEqual(known);
  });

  it('of an unknown code is what it brings along, or the code', () => {
    expect(reasonText({ code: 'new', params: { text: 'the moon is full' } }, trans)).toBe(
      'the moon is full'
    );
    expect(reasonText({ code: 'new', params: {} }, trans)).toBe('new');
  });

  it('is known only if the catalogue has all its codes', () => {
    const known = { code: 'forced', params: {} };
    const unknown = { code: 'new', params: { text: 'the moon is full' } };
    const all = (reasons: unknown[]) => ({ code: 'all', params: { reasons } });
    expect(knownText(all([known, known]), trans)).toBe(reasonText(all([known, known]), trans));
    expect(knownText(all([known, unknown]), trans)).toBe('');
    expect(knownText(unknown, trans)).toBe('');
    expect(knownText(undefined, trans)).toBe('');
  });

  it('is empty without a reason', () => {
    expect(reasonText(null, trans)).toBe('');
    expect(reasonsText([undefined, { code: 'forced', params: {} }, null], trans)).toBe(
      'the cache was ignored on request'
    );
    expect(isReason('forced')).toBe(false);
  });
});
