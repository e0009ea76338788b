import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, settled } from '../../../../api/__tests__/fake';
import { Metric, RunDetail } from '../../../../api/types';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import Metrics from '../Metrics';

const LOSS: Metric = {
  name: 'loss',
  count: 900,
  last: 0.25,
  seconds: [0, 1, 2],
  values: [1, 'NaN', 0.25],
  steps: [0, 450, 900]
};

const OUTPUTS = [
  { name: 'metrics', format: 'json', digest: 'd1' },
  { name: 'table', format: 'csv', digest: 'd2' }
];
const REPORTED = [
  { name: 'accuracy', value: 0.9767441 },
  { name: 'worst', value: 'NaN' }
];

async function show(
  metrics: Metric[],
  done = false,
  artifacts: object[] = [],
  follows = false
): Promise<string[]> {
  const asked: string[] = [];
  const client = fakeClient((_, url) => {
    asked.push(url);
    if (url.includes('/previews/')) {
      return { metrics: REPORTED };
    }
    return { attempt: 1, done, metrics: follows && url.includes('/tasks/b/') ? [LOSS] : metrics };
  });
  const task = { node: 'a', label: 'Train', state: done ? 'succeeded' : 'running', artifacts };
  const other = {
    node: 'b',
    label: 'Evaluate',
    state: 'succeeded',
    cached: true,
    artifacts: OUTPUTS
  };
  const detail = { run: { id: 'r' }, tasks: [task, other] } as unknown as RunDetail;
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  const model = { id: 'r' } as unknown as RunModel;
  const shared = { model, detail, step: 'a', onStep: jest.fn(), attempt: 0, onAttempt: jest.fn() };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Metrics {...shared} follows={follows} />
    </RunContext.Provider>
  );
  await act(settled);
  return asked;
}

describe('metrics of a step', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    window.ResizeObserver = class {
      observe() {}
      unobserve() {}
      disconnect() {}
    };
  });
  afterEach(() => jest.useRealTimers());

  it('are drawn as lines over steps, with gaps, and told in words', async () => {
    await show([LOSS, { ...LOSS, name: 'accuracy', steps: [] }]);
    const line = screen.getByRole('img', { name: 'loss: 900 points, now 0.25' });
    expect(line.querySelector('path')?.getAttribute('d')).toMatch(/^M[^L]*M/);
    expect(line.textContent).toContain('800');
    expect(screen.getByRole('img', { name: /^accuracy/ }).textContent).toContain('2 s');
  });

  it('are a table on request', async () => {
    await show([LOSS]);
    fireEvent.click(screen.getByRole('button', { name: 'As Table' }));
    const cells = screen.getAllByRole('row').map(row => [...row.children].map(c => c.textContent));
    expect(cells[1]).toEqual(['loss', '900', '0.25', '0.25', '1']);
    expect(screen.getAllByTitle('0.25')).toHaveLength(2);
  });

  it('are asked for again while the step runs', async () => {
    const asked = await show([LOSS]);
    await act(async () => void jest.advanceTimersByTime(2100));
    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain('/runs/r/tasks/a/metrics?attempt=0');
  });

  it('say how to record some, or that there are none', async () => {
    await show([]);
    screen.getByText(/No metrics yet. Record one with nbyard.log_metric/);
  });

  it('say that there are none when the step is at its end', async () => {
    await show([], true);
    screen.getByText(
      /^This task recorded no metrics\. Record one with .*, or write a JSON output\./
    );
  });

  it('offer to declare files that the task wrote, such as metrics.json', async () => {
    const asked = await show([], true);
    expect(asked.some(url => url.includes('/tasks/a/undeclared'))).toBe(true);
    cleanup();
    expect((await show([LOSS], true)).some(url => url.includes('undeclared'))).toBe(false);
  });

  it('say which other tasks may have some', async () => {
    await show([], true);
    expect(screen.getByRole('button', { name: 'Evaluate' })).toBeTruthy();
    cleanup();
    await show([LOSS], true);
    expect(screen.queryByRole('button', { name: 'Evaluate' })).toBeNull();
  });

  it('are those of the first task that has some, unless the user chose a task', async () => {
    await show([], true, [], true);
    screen.getByRole('img', { name: /^loss/ });
    expect(screen.getByLabelText<HTMLSelectElement>('Task').value).toBe('b');
  });

  it('are looked for again once another task starts', async () => {
    const client = fakeClient((_, url) => ({
      attempt: 1,
      done: false,
      metrics: url.includes('/tasks/b/') ? [LOSS] : []
    }));
    const started = { state: 'running', started_at: '2026-01-01T00:00:00Z' };
    const view = (other: object) => {
      const tasks = [
        { node: 'a', label: 'Train', ...started },
        { node: 'b', label: 'Evaluate', ...other }
      ];
      const detail = { run: { id: 'r' }, tasks } as unknown as RunDetail;
      const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
      const model = { id: 'r' } as unknown as RunModel;
      const shared = { model, detail, step: 'a', onStep: jest.fn(), attempt: 0 };
      return (
        <RunContext.Provider value={services as unknown as IRunServices}>
          <Metrics {...shared} onAttempt={jest.fn()} follows />
        </RunContext.Provider>
      );
    };
    const { rerender } = render(view({ state: 'waiting' }));
    await act(settled);
    expect(screen.queryByRole('img', { name: /^loss/ })).toBeNull();
    rerender(view(started));
    await act(settled);
    screen.getByRole('img', { name: /^loss/ });
  });

  it('are the numbers of JSON outputs, too', async () => {
    const asked = await show([], true, OUTPUTS);
    const rows = screen.getAllByRole('row').map(row => [...row.children].map(c => c.textContent));
    expect(rows.slice(1)).toEqual([
      ['accuracy', '0.9767441', 'metrics'],
      ['worst', 'NaN', 'metrics']
    ]);
    expect(screen.queryByText(/recorded no metrics/)).toBeNull();
    expect(asked.filter(url => url.includes('/previews/'))).toEqual([
      expect.stringContaining('/runs/r/previews/a/metrics')
    ]);
  });

  it('stand beside those that the code recorded', async () => {
    await show([LOSS], true, OUTPUTS);
    screen.getByRole('img', { name: /^loss/ });
    screen.getByRole('rowheader', { name: 'accuracy' });
  });
});
