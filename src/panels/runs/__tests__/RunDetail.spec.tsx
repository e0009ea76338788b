import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import { Run } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { IPanelServices } from '../../frame/services';
import { RunDetail } from '../RunDetail';

const trans = nullTranslator.load('nbyard');
const signal = () => new Signal<object, unknown>({});
const reason = (text: string) => ({ code: 'text', params: { text } });

function show(run: Partial<Run>, items: object[]): jest.Mock {
  const call = jest.fn(async () => ({ run, items, last: 1, next: null }));
  const stream = {
    ...{ events: signal(), activity: signal(), refetch: signal(), watch: () => ({ dispose() {} }) },
    start: async () => undefined
  };
  const yard = { client: { call }, stream } as unknown as IYard;
  const services = { yard, trans } as IPanelServices;
  const full = { id: 'r', number: 12, counts: {}, reason: null, ...run } as Run;
  render(
    <p>
      <RunDetail run={full} took="4.1 s" services={services} />
    </p>
  );
  return call;
}

const line = () => screen.getByRole('paragraph').textContent;

afterEach(cleanup);

describe('the second line of a run', () => {
  it('says how long a good one took, without a request', () => {
    const call = show({ state: 'succeeded', counts: { cached: 2 } }, []);
    expect(line()).toBe('run 12 · 4.1 s · 2 cached');
    expect(call).not.toHaveBeenCalled();
  });

  it('says why a bad one failed, and asks only once', async () => {
    const failure = { kind: 'error', reason: reason("KeyError: 'region' in cell 7") };
    const call = show({ state: 'failed' }, [{ node: 'a', failure }]);
    await waitFor(() => expect(line()).toBe("KeyError: 'region' in cell 7 · run 12"));
    expect(call).toHaveBeenCalledTimes(1);
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
});
