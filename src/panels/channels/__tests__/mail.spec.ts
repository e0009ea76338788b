import { nullTranslator } from '@jupyterlab/translation';
import { fieldErrors } from '../../../forms/fieldErrors';
import { checkMail, IMail, mailUrl } from '../mail';

const trans = nullTranslator.load('nbyard');
const MAIL: IMail = {
  ...{ to: 'me@example.org, you@example.org', from: 'bot@example.org' },
  ...{ host: 'smtp.example.org', port: 587, user: 'ann@example.org', password: 'p@ss/w: #é' }
};

describe('the URL of an e-mail channel', () => {
  it('holds what was typed, whatever its characters', () => {
    const url = new URL(mailUrl(MAIL).replace('mailtos:', 'https:'));
    expect([url.username, url.password].map(decodeURIComponent)).toEqual([
      ...['ann@example.org', 'p@ss/w: #é']
    ]);
    expect([url.host, url.searchParams.get('to'), url.searchParams.get('from')]).toEqual([
      ...['smtp.example.org:587', 'me@example.org, you@example.org', 'bot@example.org']
    ]);
  });

  it.each([
    [587, 'mailtos:', null],
    [465, 'mailtos:', 'ssl'],
    [25, 'mailto:', null]
  ])('encrypts as usual for port %d', (port, scheme, mode) => {
    const url = mailUrl({ ...MAIL, port });
    expect(url.startsWith(`${scheme}//`)).toBe(true);
    expect(new URL(url.replace(scheme, 'https:')).searchParams.get('mode')).toBe(mode);
  });

  it('needs no login, and is empty if only the port is there', () => {
    expect(mailUrl({ ...MAIL, user: '', password: '' })).toMatch(/^mailtos:..smtp.example.org:587/);
    expect(mailUrl({ port: 587 })).toBe('');
  });
});

describe('an e-mail channel', () => {
  const refused = (mail: IMail, isKnown: boolean) => {
    try {
      checkMail(mail, isKnown, trans);
    } catch (error) {
      return Object.keys(fieldErrors(error));
    }
    return [];
  };

  it('needs its addresses and server, unless it keeps all of them', () => {
    expect(refused(MAIL, false)).toEqual([]);
    expect(refused({ port: 587 }, false)).toEqual(['mail.to', 'mail.from', 'mail.host']);
    expect(refused({ port: 587 }, true)).toEqual([]);
    expect(refused({ ...MAIL, host: '' }, true)).toEqual(['mail.host']);
  });
});
