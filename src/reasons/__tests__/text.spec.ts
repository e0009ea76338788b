import { nullTranslator } from '@jupyterlab/translation';

import cases from '../../../tests/cases/reasons.json';
import { CODES } from '../codes';
import { isReason, reasonText, reasonsText } from '..';

const trans = nullTranslator.load('nbyard');

describe('The text of a reason', () => {
  it.each(cases)('is the one of the command line: $text', ({ reason, text }) => {
    expect(reasonText(reason, trans)).toBe(text);
  });

  it('exists for exactly the codes of the server', () => {
    const known = new Set(cases.map(({ reason }) => reason.code));
    expect(new Set(Object.keys(CODES))).toEqual(known);
  });

  it('of an unknown code is what it brings along, or the code', () => {
    expect(reasonText({ code: 'new', params: { text: 'the moon is full' } }, trans)).toBe(
      'the moon is full'
    );
    expect(reasonText({ code: 'new', params: {} }, trans)).toBe('new');
  });

  it('is empty without a reason', () => {
    expect(reasonText(null, trans)).toBe('');
    expect(reasonsText([undefined, { code: 'forced', params: {} }, null], trans)).toBe(
      'the cache was ignored on request'
    );
    expect(isReason('forced')).toBe(false);
  });
});
