import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import AdminPage from '../AdminPage';

const AT = '2030-01-01T08:00:00Z';
const RUN = {
  ...{ id: 'r1', number: 7, name: null, title: 'Train', owner: 'bob', person: '' },
  ...{ state: 'running', created_at: AT, started_at: AT, finished_at: null }
};
const ENDED = { ...RUN, id: 'r2', number: 6, state: 'failed', finished_at: AT };
const TASK = {
  ...{
    id: 't1',
    run_id: 'r1',
    run: 7,
    node: 'fit',
    owner: 'bob',
    queued_at: AT,
    runtime: 'docker'
  },
  ...{ cpu: 2, gpu: 1, memory_bytes: 2 ** 30 },
  waits: { code: 'draining', params: { why: 'new disks' } }
};
const DEPLOYMENT = {
  ...{
    id: 'd1',
    name: 'iris',
    owner: 'bob',
    state: 'running',
    created_at: AT,
    gpus: 2,
    waits: null
  }
};
const ENTRY = {
  ...{ id: 'a1', at: AT, user: 'root', operation: 'admin.cancel_run', subject: 'r1' },
  ...{ owner: 'bob', status: 403, request_id: 'q', person: '', token: '', attempt_id: '' }
};
const QUOTA = {
  ...{ id: 'group:students', kind: 'group', name: 'students', updated_at: AT },
  ...{ gpus: 0, cpu: 2, memory_bytes: 4e9, stored_bytes: null, runs: 1, queued_runs: null },
  ...{ deployments: null, deployment_days: 0.25 }
};
const today = new Date().toISOString().slice(0, 10);
const usage = (of: string, gpu_hours: number) => ({
  ...{ day: today, of, gpu_hours, core_hours: 1.5, stored_bytes: 1000 }
});
const ANSWERS: Record<string, unknown> = {
  'system.announcements': { broadcast: null, drain: null, is_admin: true },
  'admin.runs': { items: [RUN, ENDED], next: null },
  'admin.queue': { items: [TASK], next: null },
  'admin.deployments': { items: [DEPLOYMENT], next: null },
  'admin.usage': { items: [usage('ann', 1), usage('bob', 2), usage('bob', 3)], next: null },
  'quotas.list': { items: [QUOTA], next: null },
  'audit.list': { items: [ENTRY], next: null }
};

type Call = (id: string, question: { query?: object; path?: object }) => Promise<unknown>;

function show(answers: Record<string, unknown> = {}) {
  const call = jest.fn<Promise<unknown>, Parameters<Call>>(async id => {
    const answer = { ...ANSWERS, 'system.spell': { command: 'nbyard', python: '' }, ...answers }[
      id
    ];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const services = { yard: { client: { call } }, trans: nullTranslator.load('nbyard') };
  render(<AdminPage services={services as unknown as IPanelServices} />);
  const of = (id: string) => call.mock.calls.filter(([asked]) => asked === id).map(([, q]) => q);
  return { of };
}

const button = (name: string) => screen.getByRole('button', { name });
const open = (name: string) => fireEvent.click(screen.getByRole('tab', { name }));
const rows = () => screen.getAllByRole('row').slice(1);
const cells = (row: HTMLElement) => [...row.querySelectorAll('td')].map(td => td.textContent);
const accept = () => fireEvent.click(document.querySelector('.jp-Dialog .jp-mod-accept')!);

describe('the page of administrators', () => {
  beforeEach(() => {
    Element.prototype.scrollIntoView = jest.fn();
    Object.defineProperty(Element.prototype, 'clientHeight', { configurable: true, value: 500 });
    globalThis.ResizeObserver = class {
      observe = () => undefined;
      disconnect = () => undefined;
    } as never;
  });
  afterEach(cleanup);

  it('cancels a run of another user after a question', async () => {
    const { of } = show();
    await screen.findByText('7');
    expect(cells(rows()[0]).slice(0, 4)).toEqual(['running', '7', 'bob', 'Train']);
    expect(within(rows()[1]).queryByRole('button')).toBeNull();
    const width = screen.getByText('Created').style.width;
    expect(parseInt(width)).toBeGreaterThanOrEqual(190); // AM or PM fits in
    fireEvent.click(within(rows()[0]).getByRole('button', { name: 'Cancel' }));
    expect(await screen.findByText('Cancel run 7 of bob?')).toBeTruthy();
    accept();
    await waitFor(() => expect(of('admin.cancel_run')).toEqual([{ path: { run: 'r1' } }]));
    await waitFor(() => expect(of('admin.runs').length).toBeGreaterThan(1));
  });

  it('cancels by the keyboard, and only what has not ended', async () => {
    const { of } = show();
    await screen.findByText('7');
    act(() => rows()[1].focus());
    fireEvent.keyDown(document.activeElement!, { key: 'Delete' });
    expect(document.querySelector('.jp-Dialog')).toBeNull();
    act(() => rows()[0].focus());
    fireEvent.keyDown(document.activeElement!, { key: 'Delete' });
    expect(await screen.findByText('Cancel run 7 of bob?')).toBeTruthy();
    fireEvent.click(document.querySelector('.jp-Dialog .jp-mod-reject')!);
    expect(of('admin.cancel_run')).toEqual([]);
  });

  it('filters by a user', async () => {
    const { of } = show();
    await screen.findByText('7');
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'bob' } });
    await waitFor(() => expect(of('admin.runs').pop()!.query).toMatchObject({ user: 'bob' }));
  });

  it('shows the queue with its reasons', async () => {
    show();
    open('Queue');
    await screen.findByText('fit');
    const [, , , , requests, waits] = cells(rows()[0]);
    expect(requests).toBe('1 GPU, 2 CPUs, 1 GiB');
    expect(waits).toContain('new disks');
  });

  it('stops a deployment of another user', async () => {
    const { of } = show();
    open('Deployments');
    fireEvent.click(await screen.findByRole('button', { name: 'Stop' }));
    await screen.findByText('Stop “iris” of bob?');
    accept();
    await waitFor(() => expect(of('admin.stop_deployment')).toHaveLength(1));
  });

  it('sums usage, the largest first, and shows one user over time', async () => {
    const { of } = show();
    open('Usage');
    await screen.findByText('ann');
    expect(rows().map(cells)).toEqual([
      ['bob', '5', '3', '2.0 kB'],
      ['ann', '1', '1.5', '1.0 kB']
    ]);
    expect(screen.getByRole('img', { name: 'GPU hours over time, maximum 6' })).toBeTruthy();
    expect(screen.getByText('4.0 kB')).toBeTruthy(); // a round step of the axis
    fireEvent.doubleClick(rows()[1]);
    expect(screen.getByRole('img', { name: 'GPU hours over time, maximum 1' })).toBeTruthy();
    fireEvent.click(button('By Project'));
    await waitFor(() => expect(of('admin.usage').pop()!.query).toMatchObject({ by: 'project' }));
  });

  it('H3: lists the quotas, edits and deletes one', async () => {
    const { of } = show();
    open('Quotas');
    await screen.findByText('Group students');
    expect(cells(rows()[0]).slice(0, -1)).toEqual([
      ...['Group students', '0', '2', '4.0 GB', '–', '1', '–', '–', '0.25 days']
    ]);
    fireEvent.click(button('Edit…'));
    expect(await screen.findByText('Quota of “Group students”')).toBeTruthy();
    expect(screen.queryByLabelText('Quota of')).toBeNull();
    fireEvent.change(screen.getByLabelText('Disk (GB)'), { target: { value: '10' } });
    accept();
    const { id, kind, name, updated_at, ...limits } = QUOTA;
    const body = { ...limits, stored_bytes: 10e9, preset: '' };
    await waitFor(() => expect(of('quotas.set')).toEqual([{ path: { quota: id }, body }]));
    await waitFor(() => expect(document.querySelector('.jp-Dialog')).toBeNull());
    fireEvent.click(button('Delete'));
    expect(await screen.findByText('Delete the quota of “Group students”?')).toBeTruthy();
    accept();
    await waitFor(() => expect(of('quotas.delete')).toEqual([{ path: { quota: id } }]));
  });

  it('H3: sets a quota of a user, or of everyone', async () => {
    const { of } = show();
    open('Quotas');
    for (const [kind, quota] of [
      ['user', 'user:eve'],
      ['everyone', 'everyone']
    ]) {
      fireEvent.click(button('Set Quota…'));
      fireEvent.change(await screen.findByLabelText(/Quota of/), { target: { value: kind } });
      expect(!!screen.queryByLabelText(/Name/)).toBe(kind === 'user');
      if (kind === 'user') {
        fireEvent.change(screen.getByLabelText(/Name/), { target: { value: 'eve' } });
      }
      fireEvent.change(screen.getByLabelText('GPUs'), { target: { value: '2' } });
      accept();
      await waitFor(() => expect(of('quotas.set').pop()?.path).toEqual({ quota }));
      await waitFor(() => expect(document.querySelector('.jp-Dialog')).toBeNull());
    }
  });

  it('marks what was refused, and what belongs to another user', async () => {
    show();
    open('Audit');
    await screen.findByText('admin.cancel_run');
    expect(cells(rows()[0]).slice(1)).toEqual([
      ...['root', 'admin.cancel_run', 'r1', 'bob', 'refused']
    ]);
  });

  it('pauses new tasks with a reason', async () => {
    const { of } = show();
    fireEvent.click(button('Pause New Tasks…'));
    const input = await screen.findByLabelText(/Reason/);
    fireEvent.input(input, { target: { value: 'new disks' } });
    accept();
    await waitFor(() => expect(of('admin.drain')).toEqual([{ query: { text: 'new disks' } }]));
  });

  it('ends a pause, and removes a message', async () => {
    const drain = { text: 'new disks', since: AT };
    const broadcast = { text: 'Restart', until: AT };
    const { of } = show({ 'system.announcements': { broadcast, drain, is_admin: true } });
    expect(await screen.findByText(/New tasks wait since .*: new disks/)).toBeTruthy();
    fireEvent.click(button('Resume New Tasks'));
    await waitFor(() => expect(of('admin.resume')).toHaveLength(1));
    fireEvent.click(button('Remove Message'));
    await waitFor(() => expect(of('admin.withdraw')).toHaveLength(1));
  });

  it('says that a list is empty, or why it cannot be read', async () => {
    show({ 'admin.runs': { items: [], next: null } });
    expect(await screen.findByText('No runs.')).toBeTruthy();
    cleanup();
    show({ 'admin.runs': new Error('No server.') });
    expect((await screen.findByRole('alert')).textContent).toBe('No server.');
  });
});
