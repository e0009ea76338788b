import { Trigger } from '../../../api/types';
import { bodyOf, draftOf } from '../draft';

const RUN = { path: 'a.py', force: false };

const trigger = (on: unknown, values_from = {}) =>
  ({ name: 'n', run: RUN, mode: 'pinned', overlap: 'skip', on, values_from }) as unknown as Trigger;

describe('the draft of a trigger', () => {
  it.each([
    { kind: 'dataset', dataset: 'sea' },
    { kind: 'workflow', path: 'a.nbflow', outcome: 'either' },
    { kind: 'file', path: 'in', pattern: '*.csv', changes: ['deleted'], settle_seconds: 0.5 },
    { kind: 'webhook', most_per_minute: 5 },
    { kind: 'notebook' }
  ])('sends what was stored: %j', on => {
    const known = trigger(on, { city: 'body.city', n: 'body.n' });
    const { name, mode, overlap, values_from } = known;
    const sent = { run: RUN, name, mode, overlap, on, values_from };
    expect(bodyOf(draftOf(known), known.run)).toEqual(sent);
  });

  it('reads lines of values', () => {
    const draft = { ...draftOf(), values: ' a = body.x=y \n\nlone\n' };
    expect(bodyOf(draft, {}).values_from).toEqual({ a: 'body.x=y', lone: '' });
  });

  it('begins with a dataset', () => {
    const on = { kind: 'dataset', dataset: '' };
    expect(bodyOf(draftOf(), {})).toMatchObject({
      on,
      run: { force: true },
      overlap: 'queue',
      mode: 'follows'
    });
  });
});
