import { showDue } from '../times';

const AT = '2026-11-30T07:00:30Z';

describe('a due time', () => {
  it('is shown in its zone, without seconds', () => {
    expect(showDue(AT, 'Europe/Berlin')).toBe('Mon, Nov 30, 2026, 08:00');
    expect(showDue(AT, 'Europe/Berlin', true)).toBe('Mon 08:00');
  });

  it('names the zone of the browser where that does not know its own', () => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const here = showDue(AT, timeZone);
    expect(showDue(AT, 'Mars/Olympus')).toMatch(new RegExp(`^${here} \\S+`));
  });
});
