import { showDue, showMoment } from '../times';

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

describe('dates', () => {
  it.each([
    [['de-DE', 'en-US'], '30.11.2026'],
    [['en-US', 'de-DE'], '11/30/2026']
  ])('are written as the user reads them: %j', (languages, date) => {
    jest.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
    expect(showMoment(AT)).toContain(date);
    jest.restoreAllMocks();
  });
});
