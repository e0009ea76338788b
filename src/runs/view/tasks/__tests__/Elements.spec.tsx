import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { RunDetail, Task } from '../../../../api/types';
import { ElementTask, MapElements } from '../../../model/maps/elements';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import Elements from '../Elements';
import { Tasks } from '../Tasks';

afterEach(() => {
  cleanup();
  previews = [];
});

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

const boom = { failure: { reason: { code: 'text', params: { text: 'boom in fit.k1\nmore' } } } };
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

/** What the server sends of ended elements. */
let previews: object[] = [];
const PREVIEWS = [{ node: 'fit.k2', picture: 'sha256:5', metrics: [{ name: 'acc', value: 0.5 }] }];

const TABLE = { id: 'x', name: '@all', size_bytes: 90 };

function parts(
  list: readonly ElementTask[],
  artifacts: object[] = [],
  tags: string[] = [],
  own: object = {}
) {
  const elements = new MapElements();
  list.forEach(task => elements.put(task));
  const finished_at = artifacts.length ? at(9) : null;
  const map = {
    ...{ node: 'fit', label: 'fit.py', state: 'running', artifacts, finished_at, attempts: [] }
  };
  const run = { id: 'r', state: 'running', tags, ...own };
  const detail = { run, tasks: [map] } as unknown as RunDetail;
  const requests: string[] = [];
  const client = fakeClient((method, url) => {
    requests.push(`${method} ${decodeURIComponent(url.split('/api/')[1])}`);
    return url.includes('/artifacts/')
      ? new Response(METRICS.map(row => JSON.stringify(row)).join('\n'))
      : url.includes('/previews')
        ? { items: previews, pending: [], next: null }
        : {};
  });
  const changed = new Signal<object, undefined>({});
  const yard = { client, stream: { connectedChanged: changed, lost: undefined } };
  const commands = new CommandRegistry();
  const deployed: unknown[] = [];
  commands.addCommand('nbyard:deploy-output', {
    label: 'Deploy',
    execute: ({ run, output }) => void deployed.push([run, output])
  });
  const trans = nullTranslator.load('nbyard');
  const services = { yard, trans, commands } as unknown as IRunServices;
  return { elements, map: map as unknown as Task, detail, changed, services, requests, deployed };
}

async function show(
  list = LIST,
  artifacts: object[] = [],
  { tags = [] as string[], mapState = 'succeeded' as Task['state'], run = {} } = {}
) {
  const {
    elements,
    map: whole,
    detail,
    services,
    requests,
    deployed
  } = parts(list, artifacts, tags, run);
  const map = { ...whole, state: mapState };
  const onStep = jest.fn();
  const onShow = jest.fn();
  render(
    <RunContext.Provider value={services}>
      <Elements {...{ detail, map, elements, onStep, onShow }} step="fit" />
    </RunContext.Provider>
  );
  await act(async () => undefined);
  return { onStep, onShow, requests, deployed, client: services.yard.client };
}

const labels = () =>
  screen
    .getAllByRole('row')
    .slice(1)
    .map(row => row.querySelectorAll('td')[1].textContent);

const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('K10: the table of the elements of a map', () => {
  it('has the label, state, duration and reason of each element', async () => {
    await show();
    const [, , failed] = screen.getAllByRole('row');
    expect([...failed.querySelectorAll('td')].map(({ textContent }) => textContent)).toEqual([
      '☆',
      'lr=1',
      'failed',
      '2.0 s',
      'boom in fit lr=1', // the label of the element, not its key
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

  it('begins with the best element by a metric once the map ended', async () => {
    await show(LIST, [TABLE]);
    expect(labels()).toEqual(['lr=2best', 'lr=0', 'lr=1', 'lr=3']);
    fireEvent.change(screen.getByLabelText('Best value'), { target: { value: 'true' } });
    expect(labels()).toEqual(['lr=0best', 'lr=2', 'lr=1', 'lr=3']);
    press('Duration');
    expect(labels()).toEqual(['lr=2', 'lr=0best', 'lr=1', 'lr=3']);
  });

  it('stars elements by tags of the run, with the mouse and with a key', async () => {
    const { requests } = await show(LIST, [TABLE], { tags: ['paper', 'star/k0'] });
    press('Star lr=2');
    press('Star lr=0');
    fireEvent.keyDown(screen.getAllByRole('row')[1], { key: 's' });
    await act(async () => undefined);
    expect(requests.filter(request => request.startsWith('POST'))).toEqual([
      'POST run-tags/r?add=star/k2',
      'POST run-tags/r?remove=star/k0',
      'POST run-tags/r?remove=star/k0' // the row that was clicked last
    ]);
    press('★ 1');
    expect(labels()).toEqual(['lr=0']);
  });

  it.each([
    ['Best', [], 'fit.k2.model'],
    ['Starred', ['star/k0'], 'fit.k0.model']
  ])('deploys the model of the %s element', async (which, tags, output) => {
    const model = { name: 'model', run_id: 'r', output_class: 'model' };
    const list = LIST.map(task => ({ ...task, artifacts: [{ ...model, node: task.node }] }));
    const { deployed } = await show(list as unknown as ElementTask[], [TABLE], { tags });
    press(`Deploy ${which}`);
    expect(deployed).toEqual([['r', output]]);
  });

  it('shows metrics and figures of ended elements while others run', async () => {
    previews = PREVIEWS;
    const { onStep } = await show();
    fireEvent.click(await screen.findByRole('button', { name: 'Figure of lr=2' }));
    expect(onStep).toHaveBeenCalledWith('fit.k2');
    expect(screen.getByText('0.5')).toBeTruthy();
    expect(labels()).toEqual(['lr=0', 'lr=1', 'lr=2best', 'lr=3']);
  });

  it('draws a line for each element, and opens the nearest one', async () => {
    const list = LIST.map((task, lr) => ({ ...task, arguments: { lr } }));
    const { onStep } = await show(list as unknown as ElementTask[], [TABLE]);
    press('Chart');
    const chart = await screen.findByRole('img', { name: /^Parallel coordinates/ });
    const place = { clientX: 500, clientY: 93 };
    fireEvent.mouseMove(chart, place);
    expect(document.querySelector('tr.nby-mod-pointed')!.textContent).toContain('lr=2');
    fireEvent.click(chart, place);
    expect(onStep).toHaveBeenCalledWith('fit.k2');
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
    const { client } = await show(LIST, [], { mapState: 'running' });
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

  it('retries elements after the end of a run that nobody stopped', async () => {
    const stopped = { state: 'failed', cancel_requested_at: at(9) };
    await show(LIST, [TABLE], { run: stopped });
    expect(screen.queryByRole('button', { name: /^Retry/ })).toBeNull();
    cleanup();
    const { client } = await show(LIST, [TABLE], { run: { state: 'succeeded' } });
    const call = jest.spyOn(client, 'call').mockResolvedValue({} as never);
    press('Retry Failed Elements');
    expect(call.mock.calls).toEqual([
      ['runs.retry_elements', { path: { run: 'r' }, query: { node: 'fit' } }]
    ]);
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
