import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { Answerer, event, fakeClient, json } from '../../../../api/__tests__/fake';
import { IPanelServices } from '../../../frame/services';
import ComparisonView from '../ComparisonView';

afterEach(cleanup);

const run = (number: number) => ({
  ...{ id: `id${number}`, number, name: '', title: 'Train', state: 'succeeded' },
  ...{ workflow_id: 'w', path: 'train.nbflow', started_at: `2026-11-26T08:00:0${number}Z` },
  finished_at: `2026-11-26T08:01:0${number}Z`,
  git: { commit: `c0mm1t${number}`, branch: 'main', is_dirty: false }
});
const file = (digest: string, filename: string, picture = '') => ({
  ...{ artifact: digest, filename, format: 'x', digest: `sha256:${digest}`, size_bytes: 9 },
  picture
});
const version = (number: number) => ({
  ...{ executable_id: 'e', version_id: `v${number}`, number, file: 'a.ipynb' },
  digest: `d${number}`
});
const COMPARED = {
  runs: [run(1), run(2)],
  parameters: [{ node: 'a', name: 'rate', values: ['1', '2'], differs: true }],
  inputs: [
    {
      ...{ node: 'a', name: 'table', kind: 'table', differs: true },
      files: ['1', '2'].map(digest => ({ filename: 'sales.csv', origin: 'sales.csv', digest }))
    }
  ],
  metrics: [{ node: 'a', name: 'score', values: [0.5, null], differs: true }],
  outputs: [
    { node: 'a', name: 'o', kind: 'table', files: [file('1', 'o.csv'), null], differs: true },
    {
      ...{ node: 'a', name: 'plot', kind: 'picture', differs: true },
      files: [file('2', 'executed.ipynb', 'p'), file('3', 'executed.ipynb', 'q')]
    }
  ],
  code: [
    { node: 'a', label: 'A', versions: [version(1), version(2)], files: ['m.py'], differs: true }
  ],
  environment: [
    {
      ...{ nodes: ['a'], names: ['herd 1', 'herd 2'], differs: true },
      packages: [{ name: 'cow', versions: ['1', '2'] }]
    }
  ],
  timing: [{ node: '', seconds: [1, 2], cached: [false, true], differs: true }],
  equal: { parameters: 3, inputs: 0, metrics: 0, outputs: 1, code: 1, environment: 0, timing: 0 }
};
const cause = (kind: string, name: string, reason: object, more = {}) => ({
  ...{ kind, node: 'a', label: 'A', distance: 0, name, reason, before: null, after: null },
  ...{ cell: null, code: [], dataset: null },
  ...more
});
const WHY = {
  old: run(1),
  new: run(2),
  results: [],
  causes: [
    cause('parameter', 'rate', {
      code: 'value-changed',
      params: { name: 'rate', old: '1', new: '2' }
    }),
    cause(
      'code',
      'a.ipynb',
      { code: 'cell-changed', params: { cell: 2 } },
      {
        ...{ before: 'old cell', after: 'new cell', cell: 2, code: [version(1), version(2)] }
      }
    ),
    cause(
      'data',
      'x',
      { code: 'data-changed', params: { name: 'x', old: 'sea v1', new: 'sea v2' } },
      { dataset: { id: 'd', name: 'sea', old: 1, new: 2 } }
    ),
    cause('nondeterministic', 'a', { code: 'nondeterministic', params: {} })
  ]
};
const DIFF = { old: 1, new: 2, lines: [{ kind: 'added', text: 'line' }], cut: true, hint: null };

function show(answer: (url: string) => unknown) {
  const asked: string[] = [];
  const answers: Answerer = (_, url) => {
    asked.push(url.replace('http://here/user/x/nbyard/api', ''));
    return answer(url);
  };
  const commands = new CommandRegistry();
  const opened = jest.fn();
  for (const id of ['nbyard:open-dataset', 'nbyard:show-run']) {
    commands.addCommand(id, { execute: args => opened(id, args) });
  }
  const trans = nullTranslator.load('nbyard');
  const client = fakeClient(answers);
  const stream = { events: new Signal<object, readonly object[]>({}) };
  const services = { yard: { client, stream }, trans, commands };
  render(<ComparisonView services={services as unknown as IPanelServices} ids={['id2', 'id1']} />);
  return { asked, opened, emit: (...found: object[]) => act(() => stream.events.emit(found)) };
}

const FIND = 'Find the Change That Broke It…';
const change = (name: string) => ({ kind: 'parameter', name, nodes: ['a'], before: 1, after: 2 });
const answers = (url: string): unknown => {
  if (url.includes('/bisections/preview')) {
    return { changes: [change('rate'), change('rounds')], expected: 4, limit: 20 };
  }
  if (url.includes('/why')) {
    return WHY;
  }
  if (url.includes('/run-metrics')) {
    const values = [0.5, 'NaN'];
    return { runs: COMPARED.runs, series: [{ node: 'a', name: 'score', values }] };
  }
  return /\/tasks\/a\/(inputs\/table\/)?compare/.test(url) ? DIFF : COMPARED;
};
/** Answer with another comparison. */
const instead = (more: object) => (url: string) => {
  const found = answers(url);
  return found === COMPARED ? { ...COMPARED, ...more } : found;
};
const region = async (name: string) => within(await screen.findByRole('rowgroup', { name }));

describe('the comparison of runs', () => {
  beforeEach(() => {
    Element.prototype.scrollIntoView = jest.fn();
    globalThis.ResizeObserver = class {
      observe = () => undefined;
      disconnect = () => undefined;
    } as never;
  });

  it('shows the older run first, and each section with the count of equal items', async () => {
    const { asked } = show(answers);
    const parameters = await region('Parameters');
    expect(parameters.getByText('3 equal')).toBeTruthy();
    expect(parameters.getAllByRole('cell').map(({ textContent }) => textContent)).toEqual([
      ...['1', '2', '+1 (+100 %)', '']
    ]);
    expect(asked[0]).toBe('/runs/id1/compare?others=id2&everything=false');
    expect((await region('Metrics')).getByText('–')).toBeTruthy();
    expect((await region('Environment')).getByText('cow')).toBeTruthy();
    expect((await region('Timing')).getByText('cached')).toBeTruthy();
    const started = (await region('Timing')).getByRole('row', { name: /^started/ });
    expect(within(started).getAllByRole('cell')[0].textContent).toMatch(/2026/);
    const images = (await region('Outputs')).getAllByRole('img') as HTMLImageElement[];
    expect(images.map(({ alt }) => alt)).toEqual(['plot of run 1', 'plot of run 2']);
    expect(images[0].src).toContain('/runs/id1/pictures/sha256%3A2');
    const code = await region('Code');
    expect(await code.findByText('line')).toBeTruthy();
    expect(code.getByText(/Other files of its code folder differ: m.py/)).toBeTruthy();
    expect(code.getByText('main c0mm1t2')).toBeTruthy();
    fireEvent.click(code.getByRole('button', { name: 'Changes of A' }));
    expect(code.queryByText('line')).toBeNull();
  });

  it('names nodes by their titles', async () => {
    const one = { metrics: [], outputs: [], inputs: [], code: [], environment: [] };
    const [first, second] = COMPARED.runs;
    show(
      instead({
        ...{ ...one, labels: { a: 'train.py' } },
        runs: [first, { ...second, workflow_id: 'other' }],
        timing: [{ node: 'a', seconds: [1, 2], cached: [false, false], differs: true }]
      })
    );
    const parameters = await region('Parameters');
    expect(parameters.getAllByRole('rowheader')[1].textContent).toBe('train.py · rate');
    expect((await region('Timing')).getByText('train.py')).toBeTruthy();
  });

  it('explains a metric, and each cause leads to its place', async () => {
    const { asked, opened } = show(answers);
    const metrics = await region('Metrics');
    fireEvent.click(metrics.getByRole('button', { name: 'Why does score differ?' }));
    fireEvent.click(await metrics.findByRole('button', { name: 'A: rate changed 1 → 2' }));
    expect(document.activeElement?.textContent).toContain('rate');
    fireEvent.click(metrics.getByRole('button', { name: 'A: cell 2 changed' }));
    expect(document.activeElement?.textContent).toContain('version 2');
    expect(metrics.getByText('new cell')).toBeTruthy();
    fireEvent.click(metrics.getByRole('button', { name: /sea v1 → sea v2/ }));
    expect(opened).toHaveBeenCalledWith('nbyard:open-dataset', { id: 'd', tab: 'versions' });
    expect(metrics.getByText(/no recorded difference/).tagName).toBe('SPAN');
    expect(asked).toContain('/runs/id2/why?other=id1&node=a&metric=score');
  });

  it.each(['data', 'file'])('opens the differences of changed %s', async kind => {
    const reason = { code: 'input-file-changed', params: { file: 'sales.csv' } };
    const module = cause('file', 'm.py', { code: 'file-changed', params: { name: 'm.py' } });
    const causes = [cause(kind, 'table', reason), module];
    const { asked } = show(url => (url.includes('/why') ? { ...WHY, causes } : answers(url)));
    const metrics = await region('Metrics');
    fireEvent.click(metrics.getByRole('button', { name: 'Why does score differ?' }));
    fireEvent.click(await metrics.findByRole('button', { name: 'A: sales.csv changed' }));
    expect(document.activeElement?.textContent).toContain('table');
    const inputs = await region('Inputs');
    expect(await inputs.findByText('line')).toBeTruthy();
    expect(asked).toContain('/runs/id1/tasks/a/inputs/table/compare?other=id2');
    fireEvent.click(metrics.getByRole('button', { name: 'A: the file m.py changed' }));
    expect(document.activeElement?.textContent).toContain('version 2');
  });

  it('names its tab after the runs, also after a reload of the page', async () => {
    const found: number[][] = [];
    const client = fakeClient((_, url) => answers(url));
    const stream = { events: new Signal<object, readonly object[]>({}) };
    const services = { yard: { client, stream }, trans: nullTranslator.load('nbyard') };
    const onFound = (runs: readonly { number: number }[]) =>
      void found.push(runs.map(({ number }) => number));
    render(
      <ComparisonView
        services={{ ...services, commands: new CommandRegistry() } as unknown as IPanelServices}
        ids={['id2', 'id1']}
        onFound={onFound}
      />
    );
    await region('Parameters');
    expect(found).toEqual([[1, 2]]);
  });

  it('asks for equal items when the switch is off', async () => {
    const { asked } = show(answers);
    fireEvent.click(await screen.findByRole('checkbox', { name: 'Differences only' }));
    await region('Parameters');
    expect(asked.some(url => url.endsWith('everything=true'))).toBe(true);
  });

  it('plots metrics over runs', async () => {
    show(answers);
    fireEvent.click(await screen.findByRole('button', { name: 'Plot Metrics Over Runs' }));
    expect(await screen.findByRole('img', { name: 'score in 1 runs, last 0.5' })).toBeTruthy();
  });

  it('plots each workflow for itself', async () => {
    const runs = [run(1), { ...run(2), workflow_id: 'v', title: 'Test' }];
    const { asked } = show(instead({ runs }));
    fireEvent.click(await screen.findByRole('button', { name: 'Plot Metrics Over Runs' }));
    expect(await screen.findAllByRole('img', { name: 'score in 1 runs, last 0.5' })).toHaveLength(
      2
    );
    expect(screen.getByRole('heading', { name: 'Test' })).toBeTruthy();
    const plots = asked.filter(url => url.startsWith('/run-metrics'));
    expect(plots).toEqual(['/run-metrics?workflow=w', '/run-metrics?workflow=v']);
  });

  it('marks the best value of a metric whose name has a direction', async () => {
    const metric = (name: string, ...values: unknown[]) => ({
      ...{ node: 'a', name, values, differs: true }
    });
    show(instead({ metrics: [metric('val_loss', 0.5, 0.25), metric('rows', 1, 'NaN')] }));
    const metrics = await region('Metrics');
    const [loss, rows] = metrics.getAllByRole('row').slice(1);
    expect(loss.querySelector('strong')?.textContent).toBe('0.25');
    expect(within(loss).getByText('−0.25 (−50 %)')).toBeTruthy();
    expect(rows.querySelector('strong')).toBeNull();
    expect(within(rows).getAllByRole('cell')[2].textContent).toBe('');
  });

  it('shows why runs cannot be compared', async () => {
    show(() => json(404, { code: 'not-found', message: 'There is no run.' }));
    expect((await screen.findByRole('alert')).textContent).toContain('There is no run.');
  });

  it('shows which run was deleted in place of the tables', async () => {
    const { emit } = show(answers);
    await region('Parameters');
    emit(
      event(1, 'run', 'id1', { state: 'running' }),
      event(2, 'run', 'id3', { change: 'deleted' })
    );
    expect(screen.queryByRole('alert')).toBeNull();
    emit(event(3, 'run', 'id2', { change: 'deleted' }));
    expect(screen.getByRole('alert').textContent).toBe('Run 2 was deleted.');
    expect(screen.queryByRole('table')).toBeNull();
  });

  it('tells equal metrics from missing ones', async () => {
    const equal = { ...COMPARED.equal, metrics: 2 };
    show(instead({ metrics: [], equal }));
    expect((await region('Metrics')).getByText('no differences · 2 equal')).toBeTruthy();
    cleanup();
    show(instead({ metrics: [] }));
    expect((await region('Metrics')).getByText('no metrics recorded')).toBeTruthy();
  });

  it('bisects two ended runs of a workflow, by a metric with different numbers', async () => {
    const metrics = [
      { node: 'a', name: 'score', values: [0.5, 1], differs: true },
      { node: 'a', name: 'loss', values: ['NaN', 1], differs: true },
      { node: 'a', name: 'rows', values: [7, 7], differs: false }
    ];
    show(instead({ metrics }));
    fireEvent.click(await screen.findByRole('button', { name: FIND }));
    const names = screen.getAllByRole('option').map(({ textContent }) => textContent);
    expect(names).toEqual(['Choose a metric', 'a.score']);
  });

  it.each([
    ['another workflow', { workflow_id: 'v' }],
    ['another file', { workflow_id: '', path: 'b.ipynb' }],
    ['a run that works', { finished_at: null }]
  ])('does not bisect with %s', async (_, more) => {
    const first = 'workflow_id' in more && !more.workflow_id ? { workflow_id: '' } : {};
    const runs = [
      { ...run(1), ...first },
      { ...run(2), ...more }
    ];
    const { asked } = show(instead({ runs }));
    const metrics = await region('Metrics');
    fireEvent.click(metrics.getByRole('button', { name: 'Why does score differ?' }));
    await metrics.findByText(/no recorded difference/);
    expect(screen.queryByRole('button', { name: FIND })).toBeNull();
    expect(asked.filter(url => url.includes('/bisections/'))).toEqual([]);
  });

  it('names the only change', async () => {
    const metrics = [{ node: 'a', name: 'score', values: [0.5, 1], differs: true }];
    const found = instead({ inputs: [], code: [], outputs: [], metrics, environment: [] });
    show(url =>
      url.includes('/bisections/')
        ? { changes: [change('rate')], expected: 2, limit: 20 }
        : found(url)
    );
    expect(await screen.findByText('Only this changed: Parameter rate: 1 → 2 (a)')).toBeTruthy();
    expect(screen.queryByRole('button', { name: FIND })).toBeNull();
  });

  it('offers no search for a single parameter if no metric differs', async () => {
    const none = { inputs: [], code: [], outputs: [], metrics: [], environment: [] };
    show(instead(none));
    await region('Parameters');
    expect(screen.getByText(/^Only this changed: /)).toBeTruthy();
    expect(screen.queryByRole('button', { name: FIND })).toBeNull();
  });

  it('says that only the timing differs', async () => {
    const empty = {
      parameters: [],
      inputs: [],
      metrics: [],
      outputs: [],
      code: [],
      environment: []
    };
    show(() => ({ ...COMPARED, ...empty }));
    expect(await screen.findByText('These runs differ in their timing only.')).toBeTruthy();
  });
});
