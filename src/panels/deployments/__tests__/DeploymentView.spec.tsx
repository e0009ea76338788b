import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { fakeClient, json } from '../../../api/__tests__/fake';
import { EventStream } from '../../../api/eventStream';
import { Deployment, Revision, ServedModel } from '../../../api/types';
import { IYard } from '../../../api/yard';
import DeploymentView from '../DeploymentView';
import { IPanelServices } from '../../frame/services';
import { FORM, PORT } from './deploying';

const trans = nullTranslator.load('nbyard');
const SPEC = {
  service: 'api',
  image: 'cows:2',
  preset: 'standard',
  cpu: 4,
  memory_gb: 8,
  disk_gb: 10,
  gpu: 0,
  command: [],
  environment: {},
  ports: [PORT],
  start_seconds: 300
};
const FAILED = {
  id: 'd',
  name: 'cows',
  title: 'Cows',
  description: 'Counts cows.',
  state: 'failed',
  reason: { code: 'text', params: { text: 'There is no image cows:2.' } },
  reproduce: 'docker pull cows:2',
  revision: 2,
  serving: 1,
  spec: SPEC,
  gpus: [],
  links: [
    { name: 'api', path: 'nbyard/deployments/cows/api/', port: 5000, answers: true },
    { name: 'extra', path: 'nbyard/deployments/cows/extra/', port: 80, answers: false }
  ],
  warnings: [{ code: 'tag-for-cpu', params: { tag: '1-cpu' } }],
  created_at: '2030-01-01T00:00:00Z',
  started_at: '2030-01-01T00:00:10Z',
  changed_at: '2030-01-02T00:00:00Z'
} as unknown as Deployment;
const NOW = new Date().toISOString();
const REVISIONS = [
  {
    id: 'r2',
    number: 2,
    origin: { code: 'deployment-edited', params: {} },
    spec: SPEC,
    reason: { code: 'image-removed', params: {} },
    restarts: 1
  },
  {
    id: 'r1',
    number: 1,
    origin: { code: 'deployment-created', params: {} },
    spec: { ...SPEC, image: 'cows:1' },
    restarts: 0
  }
] as unknown as Revision[];

const MODEL = {
  id: 'm',
  source: { run_id: 'r', run_number: 7, run_title: 'flow', node: 'train', output: 'model' }
} as unknown as ServedModel;
/** Of this run, in which one step did not lead to the model. */
const TASKS = [
  { node: 'clean', inputs: { raw: { digest: 'sha256:1', filename: 'a.csv', origin: 'a.csv v2' } } },
  { node: 'other', inputs: { raw: { digest: 'sha256:2', filename: 'b.csv', origin: 'b.csv v1' } } },
  {
    node: 'train',
    label: 'train.ipynb',
    needs: ['clean'],
    executable_id: 'e',
    inputs: { more: { digest: 'sha256:3', filename: 'c.csv', origin: 'c.csv' } }
  }
];

/** Of two parts one was asked something. */
const trafficOf = (part_seconds: number) => ({
  part_seconds,
  requests: part_seconds / 30,
  refused: 1,
  errors: 1,
  p50_seconds: 0.0042,
  p99_seconds: 1.5,
  parts: [
    { at: '2030-01-01T00:00:00Z', requests: 0, errors: 0, p50_seconds: null, p99_seconds: null },
    {
      at: '2030-01-01T00:01:00Z',
      requests: part_seconds / 30,
      errors: 1,
      p50_seconds: 0.0042,
      p99_seconds: 1.5
    }
  ]
});

async function open(
  edited: () => unknown = () => ({ ...FAILED, revision: 3 }),
  {
    shown = FAILED as Deployment | null,
    isDeleted = false,
    image = { state: 'building', log: 'Step 1/9 : FROM base\n' }
  } = {}
) {
  const executed: unknown[] = [];
  const asked: [string, unknown][] = [];
  const client = fakeClient(async (method, url, request) => {
    const path = url.replace(/.*\/(deployments|api)(?=\/)/, '');
    if (path === '/d' && !shown) {
      return json(404, { code: 'no-deployment', message: "There is no deployment 'd'." });
    }
    if (path.startsWith('/runs/r/tasks?')) {
      const run = { id: 'r', path: 'flow.nbflow' };
      return isDeleted ? json(404, {}) : { run, items: TASKS, last: 1, next: null };
    }
    if (path === '/models/m') {
      return { ...{ image: 'i', reference: 'cows:2' }, state: image.state, created_at: NOW };
    }
    if (path.startsWith('/images/i/log')) {
      return { text: path.includes('after=0') ? image.log : '', next: 9, done: true };
    }
    if (path.startsWith('/datasets/')) {
      return path === '/datasets/a.csv' ? { id: 'a' } : json(404, {});
    }
    if (method !== 'GET') {
      const text = await request.text();
      asked.push([`${method} ${path}`, text && JSON.parse(text)]);
      return method === 'PATCH' ? edited() : { ...FAILED, revision: 3 };
    }
    const answers: Record<string, unknown> = {
      '/d': shown,
      '/deployment-form': FORM,
      '/d/forms': { forms: [] },
      '/d/events': {
        items: [
          {
            id: 2,
            at: '2030-01-01T00:00:00Z',
            state: 'failed',
            change: null,
            reason: { code: 'service-ended', params: { exit_code: 9 } }
          },
          {
            id: 1,
            at: '2030-01-01T00:00:00Z',
            state: '',
            change: { code: 'deployment-rolled-back', params: { revision: 1 } }
          }
        ]
      }
    };
    if (path.startsWith('/d/traffic')) {
      return trafficOf(path.includes('day') ? 900 : 60);
    }
    if (path.startsWith('/d/log')) {
      const revision = /revision=(\d+)/.exec(path)![1];
      return path.includes('after=0')
        ? { text: `of ${revision}\n`, next: 5, done: true }
        : { text: '', next: 5, done: true };
    }
    return answers[path] ?? { items: path.startsWith('/d/revisions') ? REVISIONS : [] };
  });
  const stream = new EventStream(client);
  jest.spyOn(stream, 'start').mockResolvedValue(undefined);
  const yard = { client, stream } as IYard;
  const commands = new CommandRegistry();
  for (const id of ['nbyard:show-run', 'nbyard:open-dataset', 'nbyard:open-executable']) {
    commands.addCommand(id, { execute: args => void executed.push([id, args]) });
  }
  const services = { trans, yard, commands } as unknown as IPanelServices;
  const settle = () => act(() => new Promise(done => setTimeout(done, 20)));
  render(
    <DeploymentView
      services={services}
      target={{ id: 'd' }}
      onMade={() => undefined}
      onChosen={() => undefined}
    />
  );
  await settle();
  const show = async (name: string) => {
    fireEvent.click(screen.getByRole('tab', { name: new RegExp(`^${name}`) }));
    await settle();
  };
  return { asked, executed, settle, show };
}

describe('P3, P4: the view of a deployment', () => {
  beforeAll(() => {
    globalThis.ResizeObserver ??= class {
      observe() {}
      disconnect() {}
    } as never;
  });
  afterEach(cleanup);

  it('tells the state, why, how to see it again, and where it is reached', async () => {
    await open();
    expect(document.activeElement!.textContent).toBe('Cows');
    expect(screen.getByRole('alert').textContent).toBe('There is no image cows:2.');
    expect(screen.getByRole('region', { name: 'Command' }).textContent).toBe('docker pull cows:2');
    expect(screen.getByText('Revision 1 responds until revision 2 does.')).toBeTruthy();
    expect(screen.getByText(/'1-cpu' is for the CPU/)).toBeTruthy();
    const links = screen.getAllByRole<HTMLAnchorElement>('link');
    expect(new Set(links.map(({ href }) => href))).toEqual(
      new Set(['http://here/user/x/nbyard/deployments/cows/api/'])
    );
    expect(links.every(({ rel }) => rel === 'noopener noreferrer')).toBe(true);
    expect(screen.getByText('extra (port 80): not responding')).toBeTruthy();
    expect(screen.getByText('rolled back to revision 1')).toBeTruthy();
    expect(screen.getByText('the service exited with code 9')).toBeTruthy();
  });

  it('shows that it was deleted', async () => {
    await open(undefined, { shown: null });
    expect(screen.getByRole('alert').textContent).toBe(
      'This item was deleted, or you have no access.'
    );
  });

  it('M6: leads to run, step, data and code of its model', async () => {
    const { executed, settle } = await open(undefined, { shown: { ...FAILED, model: MODEL } });
    const ways = ['flow, run 7', 'train.ipynb → model', 'a.csv v2', 'train.ipynb'];
    for (const name of ways) {
      fireEvent.click(screen.getByRole('button', { name }));
      await settle();
    }
    expect(executed).toEqual([
      ['nbyard:show-run', { id: 'r' }],
      ['nbyard:show-run', { id: 'r', path: 'flow.nbflow', node: 'train' }],
      ['nbyard:open-dataset', { id: 'a' }],
      ['nbyard:open-executable', { id: 'e' }]
    ]);
    expect(screen.queryByText('b.csv v1')).toBeNull();
    const opened = jest.spyOn(window, 'open').mockReturnValue(null);
    fireEvent.click(screen.getByRole('button', { name: 'c.csv' })); // no dataset
    await settle();
    expect(opened.mock.lastCall![0]).toMatch(/\/runs\/r\/tasks\/train\/inputs\/more\/content$/);
  });

  it('M6: tells of a run that was deleted', async () => {
    await open(undefined, { shown: { ...FAILED, model: MODEL }, isDeleted: true });
    expect(screen.getByText('model, train, flow, run 7 (deleted)')).toBeTruthy();
  });

  const FROM = 'Step 1/9 : FROM base\n';
  it.each([
    ['queued', { state: 'building', log: FROM }, 'Packages', FROM],
    ['queued', { state: 'building', log: `${FROM}Step 6/9 : FROM base\n` }, 'Image', 'Step 6/9'],
    ['queued', { state: 'ready', log: FROM }, 'Container', 'of 2'],
    ['starting', { state: 'ready', log: FROM }, 'Answer', 'of 2']
  ])('M6: shows in which of four stages it is: %s, %j', async (state, image, stage, line) => {
    const shown = { ...FAILED, state, reason: null, links: [], started_at: NOW, model: MODEL };
    await open(undefined, { shown: shown as unknown as Deployment, image });
    const stages = within(screen.getByRole('region', { name: 'Stages' }));
    const items = stages.getAllByRole('listitem');
    expect(items).toHaveLength(4);
    const [current] = items.filter(item => item.hasAttribute('aria-current'));
    expect(current.textContent).toContain(stage);
    expect(document.querySelector('.nby-Stages-line')!.textContent).toContain(line.trim());
    expect(screen.queryByRole('region', { name: 'URL' })).toBeNull();
  });

  it('M6: shows the log of a build that failed', async () => {
    await open(undefined, {
      shown: { ...FAILED, model: MODEL },
      image: { state: 'failed', log: FROM }
    });
    expect(screen.getByRole('log').textContent).toContain('Step 1/9');
    expect(screen.getByText('Log').closest('details')!.open).toBe(true);
  });

  it('shows URL and curl first, and the ID last', async () => {
    await open(undefined, { shown: { ...FAILED, state: 'running', reason: null } });
    const url = screen.getByRole('region', { name: 'URL' });
    expect(within(url).getByRole('link').textContent).toBe(
      'http://here/user/x/nbyard/deployments/cows/api/'
    );
    expect(within(url).getByRole('button', { name: 'Copy URL of api' })).toBeTruthy();
    expect(within(url).getByRole('region', { name: 'Request' }).textContent).toMatch(/^curl -X/);
    const id = screen.getByText('d');
    expect(id.closest('details')!.open).toBe(false);
  });

  it('H3: has a button that frees what holds its quota, for its owner', async () => {
    const run = { code: 'held-by-run', params: { name: '12', id: 'r' } };
    const limit = { code: 'quota-gpus', params: { count: 1 } };
    const quota = { code: 'quota-of-user', params: { user: 'ann' } };
    const reason = { code: 'quota-full', params: { quota, limit, holders: [run] } };
    const shown = { ...FAILED, state: 'queued', reason, owner: 'ann' } as unknown as Deployment;
    await open(undefined, { shown });
    expect(screen.getByRole('button', { name: 'Free run 12' })).toBeTruthy();
    cleanup();
    PageConfig.setOption('hubServerUser', 'bob');
    await open(undefined, { shown });
    PageConfig.setOption('hubServerUser', '');
    expect(screen.queryByRole('button', { name: 'Free run 12' })).toBeNull();
  });

  it('M6: is building while it waits for its image, and promises no response', async () => {
    const reason = { code: 'waits-for-build', params: {} };
    const shown = { ...FAILED, state: 'queued', reason, started_at: null, model: MODEL } as const;
    await open(undefined, { shown: shown as unknown as Deployment });
    expect(document.querySelector('.nby-View-header .nby-StateMark')!.textContent).toBe('building');
    expect(screen.queryByText(/not responding/)).toBeNull();
  });

  it('draws what it was asked, tells it in words, and shows the same as a table', async () => {
    const { settle } = await open();
    await settle();
    const traffic = within(screen.getByRole('region', { name: 'Traffic' }));
    expect(
      traffic.getByText('2 requests · 1 refused · 1 error · median 4.2 ms, 99th percentile 1.5 s')
    ).toBeTruthy();
    expect(traffic.getByRole('img', { name: 'Requests over time, maximum 2' })).toBeTruthy();
    expect(traffic.getAllByRole('img')).toHaveLength(4);
    fireEvent.click(traffic.getByRole('button', { name: 'As Table' }));
    expect(traffic.queryByRole('img')).toBeNull();
    const [, row] = traffic.getAllByRole('row');
    expect([...row.querySelectorAll('td')].map(cell => cell.textContent)).toEqual([
      '2',
      '1',
      '4.2 ms',
      '1.5 s'
    ]);
    fireEvent.click(traffic.getByRole('button', { name: 'Last day' }));
    await settle();
    expect(traffic.getByText(/^30 requests/)).toBeTruthy();
  });

  it('has the logs of all revisions', async () => {
    const { settle, show } = await open();
    await show('Logs');
    expect(screen.getByRole('log').textContent).toContain('of 2');
    fireEvent.change(screen.getByRole('combobox', { name: /^Log of/ }), { target: { value: '1' } });
    await settle();
    expect(screen.getByRole('log').textContent).toContain('of 1');
  });

  it('tells what revisions have otherwise, and goes back to one', async () => {
    const { asked, settle, show } = await open();
    await show('Revisions');
    expect(screen.getByText('image: cows:1 → cows:2')).toBeTruthy();
    expect(screen.getByText('its image was removed before it was built · 1 restart')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Roll Back to Revision 1' }));
    await settle();
    expect(asked).toEqual([['POST /d/rollback?revision=1', '']]);
  });

  it('sends what is otherwise, and the revision that was seen', async () => {
    const { asked, settle, show } = await open();
    await show('Configuration');
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save' });
    expect(save.disabled).toBe(true);
    fireEvent.change(screen.getByLabelText(/^CPU/), { target: { value: '2' } });
    fireEvent.click(save);
    await settle();
    expect(asked).toEqual([
      ['PATCH /d', { cpu: 2, revision: 2, changed_at: '2030-01-02T00:00:00Z' }]
    ]);
    expect(screen.getByRole('tab', { selected: true }).textContent).toBe('Overview');
  });

  it('keeps what was typed when somebody else was earlier', async () => {
    const { settle, show } = await open(() =>
      json(409, { code: 'stale', message: 'It has revision 3.', hint: 'Read it anew.' })
    );
    await show('Configuration');
    fireEvent.change(screen.getByLabelText(/^Title/), { target: { value: 'Herd' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect(screen.getByRole('alert').textContent).toBe('It has revision 3. Read it anew.');
    expect(screen.getByLabelText<HTMLInputElement>(/^Title/).value).toBe('Herd');
  });
});
