import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../../api/client';
import { Backfill } from '../../../../api/types';
import { IPanelServices } from '../../../frame/services';
import { backfillActions } from '../actions';

const trans = nullTranslator.load('nbyard');
const COUNTS = { waiting: 0, active: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0 };
const ONE = {
  id: 'b',
  zone: 'Europe/Berlin',
  state: 'running',
  since: '2026-01-05T07:00:00Z',
  until: '2026-01-09T07:00:00Z',
  at_once: 2,
  counts: { ...COUNTS, waiting: 2, active: 1, succeeded: 1 }
} as Backfill;
const PREVIEW = {
  automation: 'report',
  zone: 'Europe/Berlin',
  runs: 2,
  times: [
    { at: '1', local: '2026-01-05T08:00:00+01:00', forecast: 'run', run_id: '' },
    { at: '2', local: '2026-01-06T08:00:00+01:00', forecast: 'succeeded', run_id: 'r' }
  ]
};

type Answers = Record<string, (asked: { body?: unknown }) => unknown>;

function asked(answers: Answers = {}) {
  const known: Answers = {
    'automations.get': () => ({ id: 's', name: 'report', zone: 'Europe/Berlin' }),
    'backfills.preview': () => PREVIEW,
    'backfills.list': () => ({ items: [] }),
    ...answers
  };
  const call = jest.fn(async (id: string, question: { body?: unknown }) => {
    const answer = known[id](question);
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const listeners: ((_: unknown, events: object[]) => void)[] = [];
  const events = {
    connect: (one: (typeof listeners)[0]) => listeners.push(one),
    disconnect: jest.fn()
  };
  const refetch = { connect: jest.fn(), disconnect: jest.fn() };
  const stream = { events, refetch, start: async () => undefined };
  const yard = { client: { call }, stream };
  const done = backfillActions.backfillAutomation({ trans, yard } as unknown as IPanelServices, [
    's'
  ]);
  const bodies = (id: string) => call.mock.calls.filter(([of]) => of === id).map(([, a]) => a.body);
  const tell = (topic: string) => listeners.forEach(one => one(undefined, [{ topic }]));
  return { done, bodies, tell, known, call };
}

const type = async (label: string, value: string) => {
  const field = await waitFor(() => screen.getByLabelText(label));
  fireEvent.change(field, { target: { value } });
};
const press = (kind: 'accept' | 'reject') =>
  fireEvent.click(document.querySelector(`.jp-Dialog-button.jp-mod-${kind}`)!);

describe('R15: the dialog that backfills an automation', () => {
  it('shows what would run, starts it, and then its progress', async () => {
    const { done, bodies, known } = asked({ 'backfills.create': () => ONE });
    await type('From', '2026-01-05T00:00');
    await type('Until (empty: now)', '2026-01-07T00:00');
    await type('Runs at a time', '2');
    await screen.findByText('2 runs for 2 due times (Europe/Berlin)');
    expect(screen.getByText('(already succeeded)')).toBeTruthy();
    known['backfills.list'] = () => ({ items: [ONE] });
    press('accept');
    await screen.findByText('running · 1 active · 2 waiting · 1 succeeded');
    const body = {
      since: '2026-01-05T00:00:00',
      until: '2026-01-07T00:00:00',
      at_once: 2,
      again: false
    };
    expect(bodies('backfills.create')).toEqual([body]);
    press('reject');
    await done;
  });

  it('follows the runs, and stops a backfill', async () => {
    let shown = { ...ONE };
    const { done, tell, call } = asked({
      'backfills.list': () => ({ items: [shown] }),
      'backfills.cancel': () => {
        shown = { ...ONE, state: 'cancelled', counts: { ...COUNTS, succeeded: 2, cancelled: 2 } };
        return shown;
      }
    });
    await screen.findByText('running · 1 active · 2 waiting · 1 succeeded');
    shown = { ...ONE, counts: { ...COUNTS, waiting: 2, succeeded: 2 } };
    tell('dataset');
    tell('run');
    await screen.findByText('running · 2 waiting · 2 succeeded');
    fireEvent.click(screen.getByText('Stop Backfill'));
    await screen.findByText('cancelled · 2 succeeded');
    const question = { path: { backfill: 'b' }, query: {} };
    expect(call).toHaveBeenCalledWith('backfills.cancel', question);
    press('reject');
    await done;
  });

  it('resumes a backfill with its range', async () => {
    const failed = { ...ONE, state: 'done', counts: { ...COUNTS, failed: 1, succeeded: 3 } };
    const { done, bodies } = asked({ 'backfills.list': () => ({ items: [failed] }) });
    fireEvent.click(await screen.findByText('Resume'));
    await waitFor(() =>
      expect(bodies('backfills.preview').at(-1)).toEqual({
        since: '2026-01-05T08:00:00',
        until: '2026-01-09T08:00:00',
        at_once: 2,
        again: false
      })
    );
    press('reject');
    await done;
  });

  it('shows refusals at their fields', async () => {
    const details = [{ path: 'since', message: 'no due time lies in this range' }];
    const refusal = new ApiError(422, 'invalid', 'refused', '', details);
    const { done, bodies } = asked({ 'backfills.preview': () => refusal });
    await screen.findByText('no due time lies in this range');
    await type('Runs at a time', 'many');
    await screen.findByText('Enter a whole number.');
    press('accept');
    await waitFor(() => expect(document.querySelector('.jp-Dialog')).not.toBeNull());
    expect(bodies('backfills.create')).toEqual([]);
    press('reject');
    await done;
  });
});
