import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { Channel } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { askChannel } from '../askChannel';
import { ChannelList } from '../ChannelList';

const trans = nullTranslator.load('nbyard');
const TEAM = {
  id: 'c1',
  name: 'team',
  service: 'Slack',
  address: 'slack://T...2/',
  revision: 3,
  rules: [
    { events: ['failed', 'running-long'], path: '', long_factor: 2, long_seconds: 120 },
    { events: ['retried'], path: 'b.ipynb', long_factor: 2, long_seconds: null }
  ],
  automations: [],
  counts: { waiting: 2, failed: 1 },
  error: { code: 'channel-answered', params: { service: 'Slack', status: 503 } },
  sent_at: '2026-11-26T08:00:00Z'
} as unknown as Channel;

function open(items: Channel[], answers: Record<string, unknown> = {}) {
  const call = jest.fn(async (operation: string, _: unknown) => {
    const lists: Record<string, unknown> = {
      'channels.list': { items, next: null },
      'projects.list': { items: [{ id: 'p1', name: 'wine' }], next: null }
    };
    const answer = lists[operation] ?? answers[operation];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const signal = () => new Signal<unknown, void>({});
  const stream = {
    lost: undefined,
    connectedChanged: signal(),
    events: signal(),
    refetch: signal(),
    start: async () => undefined
  };
  const services = { trans, yard: { client: { call }, stream } } as unknown as IPanelServices;
  const edit = (known?: Channel) => void askChannel(services, { known });
  render(<ChannelList services={services} onEdit={edit} />);
  const settle = () => act(async () => undefined);
  const press = async (name: string | RegExp) => {
    fireEvent.click(await waitFor(() => screen.getByRole('button', { name, hidden: true })));
    await settle();
  };
  const type = async (label: RegExp, value: string) => {
    const field = await waitFor(() => screen.getByLabelText(label));
    fireEvent.change(field, { target: { value } });
  };
  const sent = (operation: string) =>
    call.mock.calls.find(([name]) => name === operation)?.[1] as { body: unknown };
  return { settle, press, type, sent };
}

describe('R6: notice channels', () => {
  afterEach(cleanup);

  it('show their events, what waits, what failed and why', async () => {
    const { settle } = open([TEAM]);
    await settle();
    const text = screen.getByRole('listitem', { hidden: true }).textContent!;
    expect(text).toContain('Slack · slack://T...2/');
    expect(text).toContain('failed, takes long, retried');
    expect(text).toContain('2 waiting · 1 not sent');
    expect(text).toContain('Slack answered 503');
  });

  it('are created with their events; a refusal is shown at its field', async () => {
    const details = [{ path: 'url', message: 'must be a URL' }];
    const refusal = new ApiError(422, 'invalid', 'url: must be a URL', '', details as never);
    const answers: Record<string, unknown> = { 'channels.create': refusal };
    const { settle, press, type, sent } = open([], answers);
    await settle();
    expect(screen.getByText(/No channels yet/)).toBeTruthy();
    await press('New Channel…');
    await type(/^Name/, 'team');
    await type(/^URL/, 'nonsense');
    fireEvent.click(screen.getByLabelText('succeeded'));
    await press('Save Channel');
    await waitFor(() =>
      expect(screen.getByRole('alert', { hidden: true }).textContent).toBe('must be a URL')
    );
    answers['channels.create'] = TEAM;
    await press('Save Channel');
    expect(sent('channels.create').body).toEqual({
      name: 'team',
      url: 'nonsense',
      rules: [
        {
          events: ['failed', 'recovered', 'automation-missed', 'succeeded'],
          path: '',
          project: '',
          long_factor: 2,
          long_seconds: null
        }
      ]
    });
    await waitFor(() =>
      expect(screen.getByRole('listitem', { hidden: true }).textContent).toContain('team')
    );
  });

  it('keep their URL and further rules when they are edited', async () => {
    const { settle, press, type, sent } = open([TEAM], { 'channels.update': TEAM });
    await settle();
    await press('Edit');
    await type(/^A run takes long/, '5');
    await press('Save Channel');
    const [first, ...others] = TEAM.rules!;
    expect(sent('channels.update').body).toEqual({
      revision: 3,
      name: 'team',
      rules: [{ ...first, project: '', long_seconds: 300 }, ...others]
    });
  });

  it('are limited to a project, which the list shows', async () => {
    const rules = [{ ...TEAM.rules![0], project: 'wine' }];
    const { settle, press, type, sent } = open([TEAM], { 'channels.update': { ...TEAM, rules } });
    await settle();
    await press('Edit');
    await settle();
    await type(/^Only runs of this project/, 'wine');
    await press('Save Channel');
    const { body } = sent('channels.update') as { body: Pick<Channel, 'rules'> };
    expect(body.rules!.map(rule => rule.project)).toEqual(['wine', undefined]);
    expect(screen.getByRole('listitem', { hidden: true }).textContent).toContain(
      'failed, takes long in wine'
    );
  });

  it('are tested and deleted', async () => {
    const reason = { code: 'channel-answered', params: { service: 'Slack', status: 404 } };
    const answers: Record<string, unknown> = {
      'channels.test': { is_sent: false, reason },
      'channels.delete': undefined
    };
    const { settle, press, sent } = open([TEAM], answers);
    await settle();
    await press('Send Test');
    expect(screen.getByRole('status', { hidden: true }).textContent).toBe(
      'Not sent: Slack answered 404'
    );
    answers['channels.test'] = { is_sent: true, reason: null };
    await press('Send Test');
    expect(screen.getByRole('status', { hidden: true }).textContent).toContain('accepted');
    await press('Delete');
    expect(sent('channels.delete')).toBeUndefined();
    await press('Really Delete');
    expect(sent('channels.delete')).toEqual({ path: { channel: 'c1' }, query: { force: true } });
    expect(screen.queryByRole('listitem', { hidden: true })).toBeNull();
  });

  it('leave the focus to their neighbour when they are deleted', async () => {
    const other = { ...TEAM, id: 'c2', name: 'other' };
    const items = [TEAM, other] as Channel[];
    const { settle } = open(items, { 'channels.delete': undefined });
    await settle();
    for (const left of ['other', undefined]) {
      const [remove] = screen.getAllByText('Delete');
      fireEvent.click(remove);
      remove.focus();
      fireEvent.click(screen.getByText('Really Delete'));
      await settle();
      const focused = document.activeElement!;
      expect(focused.closest<HTMLElement>('li')?.dataset.channel).toBe(left);
      expect(focused.textContent).toBe(left ? 'Send Test' : 'New Channel…');
    }
  });
});
