import { nullTranslator } from '@jupyterlab/translation';
import { Automation } from '../../../../api/types';
import { changedFields } from '../../../frame/dialogs/changes';
import { timeIn } from '../../../../components/format/times';
import { bodyOf, draftOf, IAutomationDraft, draftProblems, newDraft } from '../draft';
import { Values } from '../../../../forms/schema/fields';
import { stored } from '../../__tests__/stored';

const trans = nullTranslator.load('nbyard');
const body = (draft: IAutomationDraft) => bodyOf(draft, stored().run);
/** Return a draft with other values of its fields. */
const typing = (draft: IAutomationDraft, part: Values) => ({
  ...draft,
  typed: { ...draft.typed, ...part }
});
const TIMINGS: [NonNullable<Automation['timing']>, string][] = [
  [{ kind: 'cron', expression: '0 8 * * 1-5' }, '0 8 * * 1-5'],
  [{ kind: 'interval', seconds: 90 }, 'every 90 seconds'],
  [{ kind: 'once', at: '2027-01-31T17:00:00Z' }, '2027-01-31 18:00']
];

describe('R4: the typed values of an automation', () => {
  it.each(TIMINGS)('show a timing without a phrase as one would type it: %j', (timing, words) => {
    expect(draftOf(stored({ on: timing, timing })).typed['on.text']).toBe(words);
  });

  it('lead to no change if the user changes nothing', () => {
    for (const [timing] of TIMINGS) {
      const known = stored({ on: timing, timing });
      expect(changedFields(body(draftOf(known)), body(draftOf(known)))).toEqual({});
    }
  });

  it('lead to the changed fields only', () => {
    const before = draftOf(stored());
    expect(before.typed.starts_at).toBe('2026-12-01T08:00');
    const draft = typing(before, { name: 'other', at_most: '' });
    expect(changedFields(body(draft), body(before))).toEqual({ name: 'other', at_most: null });
    expect(
      changedFields(
        body(typing(before, { 'on.text': 'daily 6:00', ends_at: '2027-01-01T00:00' })),
        body(before)
      )
    ).toEqual({
      on: { kind: 'phrase', text: 'daily 6:00' },
      ends_at: '2027-01-01T00:00:00'
    });
  });

  it('ignore the cache, unless the user changes that', () => {
    expect(bodyOf(newDraft(), { path: 'a.py' }).run).toEqual({ path: 'a.py', force: true });
    const known = stored({ run: { path: 'a.py', priority: 2, force: false } as Automation['run'] });
    const before = draftOf(known);
    expect(before.typed['run.force']).toBe(false);
    expect(
      changedFields(
        bodyOf(typing(before, { 'run.force': true }), known.run),
        bodyOf(before, known.run)
      )
    ).toEqual({ run: { path: 'a.py', priority: 2, force: true } });
  });

  it('lead to no change after values were changed back, in another order', () => {
    const texts = { fast: 'true' };
    const run = { path: 'a.py', parameters: { a: 1, b: [2] }, texts } as Partial<Automation['run']>;
    const before = draftOf(stored({ run: run as Automation['run'] }));
    const back = { ...before, values: { fast: true, b: [2], a: 1 } };
    expect(JSON.stringify(bodyOf(back, run))).toBe(JSON.stringify(bodyOf(before, run)));
    const changed = bodyOf({ ...before, values: { fast: false, b: [2], a: 1 } }, run);
    expect(changed.run).toMatchObject({ parameters: { a: 1, b: [2], fast: false }, texts: {} });
  });

  it('are a time of the zone, also where clocks changed', () => {
    expect(timeIn('Europe/Berlin', '2026-07-01T22:30:00Z')).toBe('2026-07-02T00:30');
    expect(timeIn('Asia/Kathmandu', '2026-12-31T18:15:00Z')).toBe('2027-01-01T00:00');
    expect(timeIn('UTC', null)).toBe('');
  });

  it.each([
    ['', false],
    [' 12 ', false],
    ['a few', true],
    ['1.5', true]
  ])('are refused if they are no number of runs: "%s"', (at_most, isRefused) => {
    expect('at_most' in draftProblems(typing(newDraft(), { at_most }), trans)).toBe(isRefused);
  });
});

const RUN = { path: 'a.py', force: false };

const onEvent = (on: unknown, values_from = {}) =>
  ({
    name: 'n',
    run: RUN,
    mode: 'pinned',
    overlap: 'skip',
    on,
    values_from,
    notify: []
  }) as unknown as Automation;

describe('the typed values of an automation on an event', () => {
  it.each([
    { kind: 'dataset', dataset: 'sea' },
    { kind: 'run', path: 'a.nbflow', outcome: 'either' },
    { kind: 'file', path: 'in', pattern: '*.csv', changes: ['deleted'], settle_seconds: 0.5 },
    { kind: 'webhook', most_per_minute: 5 },
    { kind: 'notebook' }
  ])('sends what was stored: %j', on => {
    const known = onEvent(on, { city: 'body.city', n: 'body.n' });
    const { name, mode, overlap, values_from, notify } = known;
    const sent = { run: RUN, name, mode, overlap, on, values_from, notify };
    expect(bodyOf(draftOf(known), known.run)).toEqual(sent);
  });

  it('reads lines of values', () => {
    const draft = typing(newDraft({}, 'dataset'), { values_from: ' a = body.x=y \n\nlone\n' });
    const values_from = { a: 'body.x=y', lone: '' };
    expect(bodyOf(draft, {})).toMatchObject({ values_from });
  });

  it('begins with a dataset', () => {
    const on = { kind: 'dataset', dataset: '' };
    expect(bodyOf(newDraft({}, 'dataset'), {})).toMatchObject({
      on,
      run: { force: true },
      overlap: 'queue',
      mode: 'follows'
    });
  });
});
