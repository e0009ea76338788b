import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { RunDetail, Task } from '../../../../api/types';
import { ElementTask, MapElements } from '../../../model/maps/elements';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import Elements from '../Elements';
import { Tasks } from '../Tasks';

afterEach(cleanup);

const at = (second: number) => new Date(1e12 + 1000 * second).toISOString();

function element(position: number, state: Task['state'], seconds = 0, more = {}): ElementTask {
  const started_at = seconds ? at(0) : null;
  const finished_at = seconds ? at(seconds) : null;
  const attempts = seconds
    ? [{ id: `a${position}`, number: 1, state, started_at, finished_at }]
    : [];
  return {
    ...{ id: `t${position}`, node: `fit.k${position}`, label: `fit lr=${position}`, state },
    ...{ cached: false, reason: null, attempts, artifacts: [], started_at, finished_at },
    element: { map: 'fit', key: `k${position}`, label: `lr=${position}`, position },
    ...more
  } as unknown as ElementTask;
}

const boom = { failure: { reason: { code: 'text', params: { text: 'boom\nmore' } } } };
const LIST = [
  element(0, 'succeeded', 3),
  element(1, 'failed', 2, boom),
  element(2, 'succeeded', 9),
  element(3, 'waiting')
];
const METRICS = [
  { key: 'k0', metrics: { loss: 0.5 } },
  { key: 'k2', metrics: { loss: 0.25 } },
  { key: 'k1', metrics: {} }
];

function parts(list: readonly ElementTask[], artifacts: object[] = []) {
  const elements = new MapElements();
  list.forEach(task => elements.put(task));
  const map = { node: 'fit', label: 'fit.py', state: 'running', artifacts, attempts: [] };
  const detail = { run: { id: 'r', state: 'running' }, tasks: [map] } as unknown as RunDetail;
  const client = fakeClient(() => new Response(METRICS.map(row => JSON.stringify(row)).join('\n')));
  const changed = new Signal<object, undefined>({});
  const yard = { client, stream: { connectedChanged: changed, lost: undefined } };
  const services = { yard, trans: nullTranslator.load('nbyard') } as unknown as IRunServices;
  return { elements, map: map as unknown as Task, detail, changed, services };
}

async function show(list = LIST, artifacts: object[] = [], mapState: Task['state'] = 'succeeded') {
  const { elements, map: whole, detail, services } = parts(list, artifacts);
  const map = { ...whole, state: mapState };
  const onStep = jest.fn();
  const onShow = jest.fn();
  render(
    <RunContext.Provider value={services}>
      <Elements {...{ detail, map, elements, onStep, onShow }} step="fit" />
    </RunContext.Provider>
  );
  await act(async () => undefined);
  return { onStep, onShow, client: services.yard.client };
}

const labels = () =>
  screen
    .getAllByRole('row')
    .slice(1)
    .map(row => row.querySelector('td')!.textContent);

const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('K10: the table of the elements of a map', () => {
  it('has the label, state, duration and reason of each element', async () => {
    await show();
    const [, , failed] = screen.getAllByRole('row');
    expect([...failed.querySelectorAll('td')].map(({ textContent }) => textContent)).toEqual([
      'lr=1',
      'failed',
      '2.0 s',
      'boom',
      'LogOutput'
    ]);
  });

  it('is sorted by a column, without a value last', async () => {
    await show();
    expect(labels()).toEqual(['lr=0', 'lr=1', 'lr=2', 'lr=3']);
    press('Duration');
    expect(labels()).toEqual(['lr=2', 'lr=0', 'lr=1', 'lr=3']);
    press('Duration');
    expect(labels()).toEqual(['lr=1', 'lr=0', 'lr=2', 'lr=3']);
    press('State');
    expect(labels()[0]).toBe('lr=1');
  });

  it('shows the elements with a state', async () => {
    await show();
    expect(screen.queryByRole('button', { name: /^skipped/ })).toBeNull();
    press('failed 1');
    expect(labels()).toEqual(['lr=1']);
    press('All 4');
    expect(labels()).toHaveLength(4);
  });

  it('finds the best element by a metric', async () => {
    const table = { id: 'x', name: '@all', size_bytes: 90 };
    await show(LIST, [table]);
    press('loss');
    press('loss');
    expect(labels()).toEqual(['lr=2', 'lr=0', 'lr=1', 'lr=3']);
    expect(screen.getByText('0.25')).toBeTruthy();
  });

  it('opens the log and the output of an element', async () => {
    const { onStep, onShow } = await show();
    press('Log of lr=1');
    press('Output of lr=0');
    expect(onShow.mock.calls).toEqual([
      ['fit.k1', 'logs'],
      ['fit.k0', 'output']
    ]);
    expect(screen.queryByRole('button', { name: 'Log of lr=3' })).toBeNull();
    press('lr=2');
    expect(onStep).toHaveBeenCalledWith('fit.k2');
  });

  it('stops and retries elements of a map that runs', async () => {
    const { client } = await show(LIST, [], 'running');
    const call = jest.spyOn(client, 'call').mockResolvedValue({} as never);
    press('Stop lr=3');
    press('Retry lr=1');
    press('Retry Failed Elements');
    expect(call.mock.calls).toEqual([
      ['runs.cancel_element', { path: { run: 'r', node: 'fit.k3' } }],
      ['runs.retry_elements', { path: { run: 'r' }, query: { node: 'fit.k1' } }],
      ['runs.retry_elements', { path: { run: 'r' }, query: { node: 'fit' } }]
    ]);
    expect(screen.queryByRole('button', { name: 'Retry lr=0' })).toBeNull();
  });

  it('draws the elements in view only', async () => {
    await show(Array.from({ length: 10_000 }, (_, position) => element(position, 'succeeded', 1)));
    expect(screen.getByRole('button', { name: 'All 10,000' })).toBeTruthy();
    expect(screen.getAllByRole('row').length).toBeLessThan(100);
    const gap = document.querySelector<HTMLTableCellElement>('.nby-mod-gap > td')!;
    expect(gap.colSpan).toBe(screen.getAllByRole('columnheader').length);
  });
});

describe('K10: beside the tasks', () => {
  it.each(['fit', 'fit.k1'])(
    'stands the table for the choice of %s, whose row is the map',
    async step => {
      const { elements, map, detail, changed, services } = parts(LIST);
      const tasks = new Map([['fit', map], ...LIST.map(task => [task.node, task] as const)]);
      const model = {
        ...{ id: 'r', changed, detail, activity: new Map() },
        task: (node: string) => tasks.get(node),
        elements: (node: string) => (node === 'fit' ? elements : undefined)
      };
      const none = () => undefined;
      render(
        <RunContext.Provider value={services}>
          <Tasks
            {...{ detail, step, attempt: 0 }}
            model={model as unknown as RunModel}
            {...{ onStep: none, onAttempt: none, onLog: none, onShow: none }}
          />
        </RunContext.Provider>
      );
      expect(await screen.findByRole('grid', { name: 'Elements of “fit.py”' })).toBeTruthy();
      const row = document.querySelector('.nby-Row[data-noun="task"]')!;
      expect(row.getAttribute('aria-selected')).toBe('true');
      expect(row.querySelectorAll('.nby-StateBar > i')).toHaveLength(4);
      expect(screen.queryByRole('button', { name: 'Log of attempt 1' }) !== null).toBe(
        step !== 'fit'
      );
    }
  );
});
