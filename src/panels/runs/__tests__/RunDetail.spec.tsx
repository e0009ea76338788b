import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { Run } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { PanelVisible } from '../../../components/format/times';
import { IPanelServices } from '../../frame/services';
import { RunDetail } from '../RunDetail';

const trans = nullTranslator.load('nbyard');
const signal = () => new Signal<object, unknown>({});
const reason = (text: string) => ({ code: 'text', params: { text } });

interface IShown {
  call: jest.Mock;
  /** Who follows the activity of the run. */
  watched: ReadonlySet<object>;
  setVisible: (visible: boolean) => void;
}

function show(run: Partial<Run>, items: object[], isVisible = true): IShown {
  const call = jest.fn(async () => ({ run, items, last: 1, next: null }));
  const watched = new Set<object>();
  const watch = () => {
    const watcher = { dispose: () => void watched.delete(watcher) };
    watched.add(watcher);
    return watcher;
  };
  const stream = {
    ...{ events: signal(), activity: signal(), refetch: signal(), watch },
    start: async () => undefined
  };
  const yard = { client: { call }, stream } as unknown as IYard;
  const services = { yard, trans } as IPanelServices;
  const full = { id: 'r', number: 12, counts: {}, reason: null, ...run } as Run;
  const panel = (visible: boolean) => (
    <PanelVisible.Provider value={visible}>
      <p>
        <RunDetail run={full} services={services} />
      </p>
    </PanelVisible.Provider>
  );
  const { rerender } = render(panel(isVisible));
  return { call, watched, setVisible: visible => rerender(panel(visible)) };
}

const started_at = '2030-01-01T00:00:00Z';
const finished_at = '2030-01-01T00:00:04.1Z';
const line = () => screen.getByRole('paragraph').textContent;

afterEach(cleanup);

describe('the second line of a run', () => {
  it('says how long a good one took, without a request', () => {
    const { call } = show(
      { state: 'succeeded', counts: { cached: 2 }, started_at, finished_at },
      []
    );
    expect(line()).toBe('run 12 · 4.1 s · 2 cached');
    expect(call).not.toHaveBeenCalled();
  });

  it('says why a bad one failed, without a request', () => {
    const { call } = show({ state: 'failed', reason: reason("KeyError: 'region' in cell 7") }, []);
    expect(line()).toBe("run 12 · KeyError: 'region' in cell 7");
    expect(call).not.toHaveBeenCalled();
  });

  it('says that a due time started it', () => {
    const origin = { kind: 'automation', due_at: '2026-12-01T07:00:00Z' } as Run['origin'];
    show({ state: 'failed', origin, reason: reason('KeyError') }, []);
    expect(line()).toBe('run 12 · scheduled · KeyError');
  });

  it('says how far a live one is', async () => {
    const task = (node: string, state: string) => ({ node, label: node, state, attempts: [] });
    show({ state: 'running' }, [
      task('a', 'succeeded'),
      task('b', 'running'),
      task('c', 'waiting')
    ]);
    await waitFor(() => expect(line()).toBe('run 12 · 1 of 3 nodes · b'));
  });

  it('says what a live one waits for', async () => {
    const waits = reason('waits for a GPU');
    show({ state: 'running' }, [{ node: 'a', label: '', state: 'queued', waits, attempts: [] }]);
    await waitFor(() => expect(line()).toBe('run 12 · waits for a GPU'));
  });

  it('asks and follows nothing in a hidden sidebar, and keeps what it said', async () => {
    const tasks = [{ node: 'b', label: 'b', state: 'running', attempts: [] }];
    const { call, watched, setVisible } = show({ state: 'running' }, tasks, false);
    await act(async () => undefined);
    expect([call.mock.calls.length, watched.size, line()]).toEqual([0, 0, 'run 12']);
    setVisible(true);
    await waitFor(() => expect(line()).toBe('run 12 · b'));
    expect(watched.size).toBe(1);
    setVisible(false);
    expect([watched.size, line()]).toEqual([0, 'run 12 · b']);
    setVisible(true);
    expect(line()).toBe('run 12 · b');
    await waitFor(() => expect(watched.size).toBe(1));
  });
});
