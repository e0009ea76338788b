import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { IPanelServices } from '../../frame/services';
import ProjectView from '../ProjectView';

const trans = nullTranslator.load('nbyard');
const PROJECT = {
  ...{ id: 'p', name: 'wine', description: 'Red and white', repository: '', requirements: '' },
  ...{ metadata: { team: 'cellar' }, revision: 1, links: { dataset: 1, run: 2 } },
  task: { goal: 'Predict quality', evaluation_data: 'white.csv', criteria: 'RMSE below 0.6' }
};
const RUNS = [
  { id: 'r9', number: 9, title: 'Training', state: 'failed', created_at: '2026-11-26T08:00:00Z' },
  { id: 'r8', number: 8, title: 'Training', state: 'succeeded', created_at: '2026-11-26T07:00:00Z' }
];
const RESULT = {
  ...{ id: 'a', filename: 'scores.csv', name: 'scores', node: 'train', size_bytes: 2000 },
  ...{ run_id: 'r', number: 7, title: 'Training', created_at: '2026-11-26T08:00:00Z' }
};
const KEPT = {
  ...{ id: 'k', number: 3, title: 'Training', name: 'best' },
  protection: { code: 'has-name', params: { name: 'best' } }
};
const POLICY = {
  ...{ project: 'wine', name: 'failed', rules: { states: ['failed'], older_than_days: 7 } },
  preview: {
    ...{ count: 2, freed_bytes: 3_000_000, record_bytes: 0, runs: [] },
    ...{ protected_count: 1, protected: [KEPT] }
  }
};

function open(answers: Record<string, unknown> = {}) {
  const known: Record<string, unknown> = {
    'projects.list': { items: [PROJECT], next: null },
    'projects.get': { ...PROJECT, stored_bytes: 3_000_000 },
    'runs.list': { items: RUNS, next: null },
    'projects.linkable': { items: [] },
    'runs.preview_retention': { policies: [POLICY] },
    ...answers
  };
  const call = jest.fn(async (operation: string, asked: any) => {
    if (operation === 'projects.links') {
      const { kind } = asked.query;
      const linked = { kind: 'dataset', id: 'd', name: 'red-wine' };
      return { items: !kind || kind === 'dataset' ? [linked] : [] };
    }
    if (operation === 'projects.artifacts') {
      return { items: [{ ...RESULT, kind: asked.query.kind }], next: null };
    }
    const answer = known[operation];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const events = new Signal<unknown, { topic: string; subject_id: string }[]>({});
  const signal = () => new Signal<unknown, void>({});
  const stream = {
    ...{ events, connectedChanged: signal(), refetch: signal(), client: {} },
    start: async () => undefined
  };
  const commands = { execute: jest.fn() };
  const yard = { client: { call }, stream };
  const services = { trans, yard, commands } as unknown as IPanelServices;
  render(<ProjectView services={services} id="p" />);
  const asked = (operation: string) =>
    call.mock.calls.filter(([name]) => name === operation).map(([, question]) => question);
  return { asked, commands, events };
}

afterEach(cleanup);

describe('J5: the page of a project', () => {
  it('shows the task, the last runs, what is linked and the storage', async () => {
    const { commands } = open();
    expect(await screen.findByText('Predict quality')).toBeTruthy();
    for (const text of ['white.csv', 'RMSE below 0.6', 'cellar', 'Red and white', '3.0 MB']) {
      expect(await screen.findByText(text)).toBeTruthy();
    }
    expect(screen.getByRole('img', { name: 'Last runs: #8 succeeded, #9 failed' })).toBeTruthy();
    fireEvent.click(screen.getByText('#9 Training'));
    expect(commands.execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'r9' });
    expect(await screen.findByText('red-wine')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Runs' }));
    expect(screen.getByLabelText('Kind')).toHaveProperty('value', 'run');
  });

  it('names the owner of a run of another user', async () => {
    PageConfig.setOption('hubServerUser', 'ann');
    const items = [
      { ...RUNS[0], owner: 'bob' },
      { ...RUNS[1], owner: 'ann' }
    ];
    open({ 'runs.list': { items, next: null } });
    expect(await screen.findByText('#9 bob/Training')).toBeTruthy();
    expect(screen.getByText('#8 Training')).toBeTruthy();
    PageConfig.setOption('hubServerUser', '');
  });

  it('shows the data', async () => {
    const { asked, commands } = open();
    fireEvent.click(await screen.findByRole('tab', { name: 'Data' }));
    fireEvent.click(await screen.findByText('red-wine'));
    expect(commands.execute).toHaveBeenCalledWith('nbyard:open-dataset', { id: 'd' });
    fireEvent.click(screen.getByText('#7 Training'));
    expect(commands.execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'r' });
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'sco' } });
    await waitFor(() => expect(asked('projects.artifacts').pop().query.search).toBe('sco'));
  });

  it('shows models, which are deployed with a click', async () => {
    const { commands } = open();
    fireEvent.click(await screen.findByRole('tab', { name: 'Models' }));
    fireEvent.click(await screen.findByText('Deploy…'));
    expect(commands.execute).toHaveBeenCalledWith('nbyard:deploy-output', {
      run: 'r',
      output: 'train.scores'
    });
  });

  it('asks again after a run changed', async () => {
    const { asked, events } = open();
    fireEvent.click(await screen.findByRole('tab', { name: 'Data' }));
    await screen.findByText('red-wine');
    const before = asked('projects.artifacts').length;
    act(() => events.emit([{ topic: 'run', subject_id: 'r' }]));
    await waitFor(() => expect(asked('projects.artifacts').length).toBe(before + 1));
  });

  it('R14: shows what each policy frees and what is protected', async () => {
    const refusal = new ApiError(422, 'invalid', 'keep: no', '', [
      { path: 'keep', message: 'must be at most 3' } as never
    ]);
    const answers: Record<string, unknown> = { 'projects.set_policy': refusal };
    const { asked } = open(answers);
    fireEvent.click(await screen.findByRole('tab', { name: 'Retention' }));
    await screen.findByText('wine: failed');
    expect(screen.getByText('failed · older than 7 days')).toBeTruthy();
    expect(screen.getByText('2 runs are deleted, which frees 3.0 MB.')).toBeTruthy();
    expect(screen.getByText(/#3 best/)).toBeTruthy();
    const type = (label: string, value: string) =>
      fireEvent.change(screen.getByLabelText(label), { target: { value } });
    type('Name of the policy', 'recent');
    type('Older than (days)', '1,5');
    type('Newest runs to keep of each workflow', '5');
    type('Most gigabytes of all outputs', '1.5');
    fireEvent.click(screen.getByText('Save Policy'));
    expect((await screen.findByRole('alert')).textContent).toContain('Enter a number.');
    expect(asked('projects.set_policy')).toEqual([]);
    type('Older than (days)', '');
    fireEvent.click(screen.getByText('Save Policy'));
    await waitFor(() =>
      expect(screen.getByRole('alert').textContent).toContain('must be at most 3')
    );
    expect(asked('projects.set_policy')).toEqual([
      {
        path: { project: 'p', policy: 'recent' },
        body: { older_than_days: null, keep: 5, max_bytes: 1_500_000_000, states: [] }
      }
    ]);
    fireEvent.click(screen.getByRole('button', { name: 'Delete policy failed' }));
    await screen.findByText('Deleted “failed”.');
    expect(asked('projects.delete_policy')).toEqual([{ path: { project: 'p', policy: 'failed' } }]);
  });

  it('lists the members, removes one and adds one', async () => {
    const bob = { name: 'bob', role: 'editor', group: false, is_creator: false };
    const { asked } = open({
      'shares.list': { items: [{ ...bob, name: 'ann', role: 'owner', is_creator: true }, bob] },
      'shares.grant': { items: [] }
    });
    fireEvent.click(await screen.findByRole('tab', { name: 'Members' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Remove bob' }));
    const path = { kind: 'project', resource: 'p' };
    await waitFor(() =>
      expect(asked('shares.revoke')).toEqual([
        { path: { ...path, name: 'bob' }, query: { group: false } }
      ])
    );
    expect(screen.queryByRole('button', { name: 'Remove ann' })).toBeNull();
    fireEvent.click(screen.getByText('Add Member…'));
    fireEvent.change(await screen.findByLabelText(/Name/), { target: { value: 'eve' } });
    fireEvent.click(screen.getByText('Share', { selector: '.jp-Dialog-buttonLabel' }));
    await waitFor(() => expect(asked('shares.grant')).toHaveLength(1));
    const body = { name: 'eve', role: 'viewer', group: false };
    expect(asked('shares.grant')[0]).toEqual({ path, body });
  });
});
