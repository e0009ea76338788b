import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { RunDetail } from '../../../../api/types';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { Tasks } from '../Tasks';

afterEach(cleanup);

const attempt = (number: number, started_at: string | null) => ({
  id: `${number}`,
  number,
  state: 'running',
  runtime: 'process',
  started_at,
  finished_at: null,
  reason: null
});

/** An executed notebook: its running cell has no output yet. */
const CELLS = { cells: [{ cell_type: 'code', source: 'print(1)', outputs: [] }] };

async function show(state: string, ...attempts: object[]): Promise<void> {
  const task = { node: 'a', label: 'a.sh', state, artifacts: [], attempts, started_at: null };
  const run = { id: 'r', state: 'running' };
  const detail = { run, tasks: [task] } as unknown as RunDetail;
  const log = { text: 'epoch 3\n', start: 0, next: 8, done: true, attempt: 1 };
  const client = fakeClient((_, url) =>
    url.includes('/log') ? log : { notebook: state === 'running' ? CELLS : null, done: 0, total: 0 }
  );
  const changed = new Signal<object, undefined>({});
  const stream = { connectedChanged: changed, lost: undefined };
  const yard = { client, stream };
  const services = { yard, trans: nullTranslator.load('nbyard') };
  const model = {
    id: 'r',
    changed,
    detail,
    activity: new Map(),
    task: () => task,
    elements: () => undefined
  };
  const props = { detail, step: 'a', attempt: 0, onStep: () => undefined };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Tasks
        {...props}
        model={model as unknown as RunModel}
        onAttempt={() => undefined}
        onLog={() => undefined}
        onShow={() => undefined}
      />
    </RunContext.Provider>
  );
  await act(async () => undefined);
}

describe('K7: beside the tasks', () => {
  it.each(['running', 'failed', 'cancelled'])('stands what a %s task has printed', async state => {
    await show(state, attempt(1, '2026-01-01T00:00:00Z'));
    expect(await screen.findByRole('log')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Log of attempt 1' })).toBeTruthy();
    expect(screen.queryByText(/Attempts of/)).toBeNull();
  });

  it('stands nothing yet while a task is prepared', async () => {
    await show('preparing', attempt(1, null));
    expect(screen.queryByRole('log')).toBeNull();
    expect(screen.queryByRole('button', { name: 'Log of attempt 1' })).toBeNull();
    expect(document.querySelector('.nby-Steps-chosen:empty')).toBeTruthy(); // takes no room
  });

  it('stands the log of an attempt that failed before its start', async () => {
    await show('failed', { ...attempt(1, null), state: 'failed' });
    const link = screen.getByRole('button', { name: 'Log of attempt 1' });
    expect(link.closest('p')?.textContent).toBe('process · Log of attempt 1');
  });

  it('stand several attempts as a table', async () => {
    await show('preparing', attempt(1, '2026-01-01T00:00:00Z'), attempt(2, null));
    expect(screen.getByText('Attempts of “a.sh”')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Log of attempt 2' })).toBeTruthy();
  });
});
