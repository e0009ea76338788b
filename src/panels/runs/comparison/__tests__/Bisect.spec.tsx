import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { Answerer, event, fakeClient, FakeSocket, json } from '../../../../api/__tests__/fake';
import { EventStream } from '../../../../api/eventStream';
import { BisectionChange, Run } from '../../../../api/types';
import { IPanelServices } from '../../../frame/services';
import { Bisect, changeText } from '../Bisect';

const trans = nullTranslator.load('nbyard');
const run = (number: number, state: string) => ({ id: `id${number}`, number, state }) as Run;
const CHANGES = [
  { kind: 'parameter', nodes: ['a'], name: 'rate', before: '1', after: '2' },
  { kind: 'code', nodes: ['b'], name: 'b.ipynb', before: 'version 1', after: 'version 2' }
];
const PREVIEW = { changes: CHANGES, judge: {}, expected: 4, limit: 20 };
const STARTED = {
  ...{ id: 'x', state: 'running', changes: CHANGES, probes: [], expected: 4 },
  ...{ culprits: [], ending: null, reason: null }
};

function show(
  answer: Answerer,
  metric = '',
  states = ['succeeded', 'failed'],
  metrics: string[] = [],
  causes: { only?: string } = {}
): () => void {
  const client = fakeClient(answer);
  const yard = { client, stream: new EventStream(client) };
  const services = { yard, trans } as unknown as IPanelServices;
  const view = () => {
    const runs = [run(1, states[0]), run(2, states[1])] as const;
    return <Bisect {...{ services, runs, metric, metrics }} {...causes} />;
  };
  const { rerender } = render(view());
  return () => rerender(view());
}

const FIND = 'Find the Change That Broke It…';
const click = (name: string) => fireEvent.click(screen.getByRole('button', { name }));
const pass = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));

describe('Bisect', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  it('tells the number of must run first starts, and then the culprit', async () => {
    const asked: unknown[] = [];
    const ended = { ...STARTED, state: 'done', ending: 'found', culprits: [1] };
    let looks = 0;
    show(async (method, url, request) => {
      if (method === 'POST') {
        asked.push([url.split('/api')[1], await request.clone().json()]);
      }
      if (url.endsWith('/preview')) {
        return PREVIEW;
      }
      return method === 'POST' || looks++ < 1 ? STARTED : ended;
    });
    await pass(0);
    click(FIND);
    await pass(0);
    expect(document.body.textContent).toContain('2 changes, about 4 runs, at most 20');
    click('Start');
    await pass(0);
    expect(screen.getByRole('status').textContent).toBe('Run 0 of about 4…');
    FakeSocket.last.say({ events: [event(1, 'bisection', 'x')], last: 1 });
    await pass(1100);
    expect(screen.getByRole('status').textContent).toBe(
      'Cause of the bad result: Code of b.ipynb: version 1 → version 2'
    );
    expect(document.querySelectorAll('.nby-mod-culprit')).toHaveLength(1);
    const body = { good: 'id1', bad: 'id2', metric: '' };
    expect(asked).toEqual([
      ['/bisections/preview', body],
      ['/bisections', body]
    ]);
  });

  it('asks which run is good if a metric decides, also of runs that are read again', async () => {
    const asked: unknown[] = [];
    const again = show(
      async (_, __, request) => {
        asked.push(await request.clone().json());
        return PREVIEW;
      },
      'a.score',
      ['succeeded', 'succeeded']
    );
    await pass(0);
    click(FIND);
    click('Run 2');
    await pass(0);
    again();
    await pass(0);
    expect(asked).toEqual([
      { good: 'id1', bad: 'id2', metric: 'a.score' },
      { good: 'id2', bad: 'id1', metric: 'a.score' }
    ]);
  });

  it('is not offered for a single change, which is named instead', async () => {
    show(() => ({ ...PREVIEW, changes: CHANGES.slice(0, 1) }), '', undefined, []);
    await pass(0);
    expect(screen.queryByRole('button')).toBeNull();
    expect(document.body.textContent).toBe('Only this changed: Parameter rate: 1 → 2 (a)');
  });

  it('names nodes by their titles', () => {
    const text = changeText(CHANGES[0] as BisectionChange, trans, { a: 'train.py' });
    expect(text).toBe('Parameter rate: 1 → 2 (train.py)');
  });

  it('lists a package that no run can try', async () => {
    const reason = { code: 'package-gained', params: { name: 'cow', version: '1' } };
    const cow = { kind: 'package', nodes: ['a'], name: 'cow', reason } as const;
    show(() => ({ ...PREVIEW, changes: [CHANGES[0], cow] }));
    await pass(0);
    click(FIND);
    const items = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
    expect(items).toEqual([
      'Parameter rate: 1 → 2 (a)',
      'a: gained cow 1 Cannot be tried: every run uses what this machine has now.'
    ]);
    expect(screen.getByText(/^1 change, about/)).toBeTruthy();
  });

  it('names packages if nothing else changed', async () => {
    const reason = { code: 'package-gained', params: { name: 'cow', version: '1' } };
    const cow = { kind: 'package', nodes: ['a'], name: 'cow', reason } as const;
    show(() => ({ ...PREVIEW, changes: [cow] }));
    await pass(0);
    expect(document.body.textContent).toBe('Only this changed: a: gained cow 1');
  });

  it('names a single difference if no metric differs', async () => {
    const asked = jest.fn(() => PREVIEW);
    show(asked, '', ['succeeded', 'succeeded'], [], { only: 'a.rate' });
    await pass(0);
    expect(document.body.textContent).toBe('Only this changed: a.rate');
    expect(asked).not.toHaveBeenCalled();
  });

  it('is not offered where Why? names the single change', async () => {
    show(() => ({ ...PREVIEW, changes: CHANGES.slice(0, 1) }), 'a.score');
    await pass(0);
    expect(document.body.textContent).toBe('');
  });

  it('keeps a running search with its Cancel, also while it is closed', async () => {
    const answer: Answerer = (_, url) =>
      url.endsWith('/preview')
        ? PREVIEW
        : url.endsWith('/cancel')
          ? { ...STARTED, state: 'cancelled' }
          : STARTED;
    show(answer, '', ['succeeded', 'succeeded'], ['a.loss', 'b.total']);
    await pass(0);
    click(FIND);
    const choice = () => screen.getByRole<HTMLSelectElement>('combobox', { name: 'Judge by' });
    fireEvent.change(choice(), { target: { value: 'b.total' } });
    click('Run 1');
    await pass(0);
    click('Start');
    await pass(0);
    expect(choice().disabled).toBe(true);
    click(FIND);
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
    click(FIND);
    click('Cancel');
    await pass(0);
    expect(screen.getByRole('status').textContent).toBe('The search was cancelled.');
    expect(choice().disabled).toBe(false);
    fireEvent.change(choice(), { target: { value: 'a.loss' } });
    await pass(0);
    expect(screen.getByRole('button', { name: 'Start' })).toBeTruthy();
  });

  it('asks for a metric if both runs succeeded', async () => {
    const asked: unknown[] = [];
    const answer: Answerer = async (_, __, request) => {
      asked.push(await request.clone().json());
      return PREVIEW;
    };
    show(answer, '', ['succeeded', 'succeeded'], ['a.loss', 'b.total']);
    await pass(0);
    click(FIND);
    expect(screen.queryByRole('button', { name: 'Run 1' })).toBeNull();
    const choice = screen.getByRole('combobox', { name: 'Judge by' });
    fireEvent.change(choice, { target: { value: 'b.total' } });
    click('Run 1');
    await pass(0);
    fireEvent.change(choice, { target: { value: 'a.loss' } });
    await pass(0);
    expect(asked).toEqual([
      { good: 'id1', bad: 'id2', metric: 'a.loss' }, // are there changes at all?
      { good: 'id1', bad: 'id2', metric: 'b.total' },
      { good: 'id1', bad: 'id2', metric: 'a.loss' }
    ]);
    expect(screen.getByRole('button', { name: 'Start' })).toBeTruthy();
    fireEvent.change(choice, { target: { value: '' } });
    expect(screen.queryByRole('button', { name: 'Start' })).toBeNull();
  });

  it('says what is missing if nothing tells the runs apart, and asks nothing', async () => {
    const asked = jest.fn(() => PREVIEW);
    show(asked, '', ['failed', 'failed']);
    await pass(0);
    click(FIND);
    await pass(0);
    expect(screen.getByRole('status').textContent).toContain('no metric differs');
    expect(screen.queryByRole('button', { name: /^Run/ })).toBeNull();
    expect(asked).not.toHaveBeenCalled();
  });

  it('can be cancelled', async () => {
    show((method, url) => {
      if (url.endsWith('/preview')) {
        return PREVIEW;
      }
      return url.endsWith('/cancel') ? { ...STARTED, state: 'cancelled' } : STARTED;
    });
    await pass(0);
    click(FIND);
    await pass(0);
    click('Start');
    await pass(0);
    click('Cancel');
    await pass(0);
    expect(screen.getByRole('status').textContent).toBe('The search was cancelled.');
    expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
  });

  it('shows a refusal', async () => {
    const error = { code: 'invalid', message: 'bad: is equal', details: [] };
    show(() => json(422, error));
    await pass(0);
    click(FIND);
    await pass(0);
    expect(screen.getByRole('alert').textContent).toContain('Not searched: bad: is equal');
  });

  it.each([
    ['parameter', 'Parameter n: 1 → 2 (a, b)'],
    ['data', 'Data of n: 1 → 2 (a, b)'],
    ['input', 'Input n: 1 → 2 (a, b)'],
    ['code', 'Code of n: 1 → 2'],
    ['files', 'Files beside the code (a, b)'],
    ['environment', 'Environment: 1 → 2 (a, b)'],
    ['limits', 'Limits: 1 → 2 (a, b)'],
    ['graph', 'Nodes and connections (a, b)']
  ])('names a change of %s', (kind, text) => {
    const change = { kind, nodes: ['a', 'b'], name: 'n', before: '1', after: '2' };
    expect(changeText(change as BisectionChange, trans)).toBe(text);
  });

  it('names the file of an input once', () => {
    const file = { before: 'sales.csv', after: 'sales.csv' };
    const change = { kind: 'data', nodes: ['a'], name: 'path', ...file };
    expect(changeText(change as BisectionChange, trans)).toBe('sales.csv (input path of a)');
  });
});
