import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Run } from '../../api/types';
import { announceEnds } from '../live';
import { IRunServices } from '../model/services';

function run(id: string, state: string, name = ''): Run {
  return { id, state, name, title: `run ${id}` } as Run;
}

/** A failed run of a schedule. */
function scheduled(id: string, finished_at: string, title = 'sales'): Run {
  return { ...run(id, 'failed', title), finished_at, origin: { source_id: 's' } } as Run;
}

const flushed = () => new Promise(resolve => setTimeout(resolve));

/** Announce the ends of runs, of which the first list was live. */
function announce(
  first: Run[],
  composite?: Record<string, unknown>,
  shown?: string,
  state: IStateDB | null = null
) {
  const runs = { items: first, changed: new Signal<unknown, void>({}) };
  const stream = { events: new Signal<unknown, unknown>({}) };
  const call = jest.fn();
  const execute = jest.fn();
  const trans = nullTranslator.load('nbyard');
  const services = {
    yard: { runs, stream, client: { call } },
    commands: { execute },
    trans
  } as unknown as IRunServices;
  const loaded = { composite, changed: new Signal<unknown, void>({}) };
  const settings = composite && { load: async () => loaded };
  const drawer = { run: shown, isVisible: true };
  void announceEnds(services, drawer, first, (settings ?? null) as ISettingRegistry | null, state);
  const turn = async (...items: Run[]) => {
    await flushed();
    runs.items = items;
    runs.changed.emit();
  };
  const happens = async (change: string) => {
    await flushed();
    stream.events.emit([{ topic: 'channel', subject_id: 'c', data: { change } }]);
    await flushed();
  };
  return { turn, execute, call, happens };
}

describe('R6: the ends of runs', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    for (const kind of ['info', 'warning', 'error'] as const) {
      jest.spyOn(Notification, kind).mockImplementation((...[text, options]) => {
        said.push(`${kind}: ${text}`);
        (options!.actions![0].callback as () => void)();
        return '';
      });
    }
  });
  afterEach(() => jest.restoreAllMocks());

  it('are announced once, also of runs that ended while this code was fetched', async () => {
    const { turn, execute } = announce([run('a', 'running'), run('b', 'queued')]);
    await turn(run('a', 'failed'), run('b', 'succeeded'), run('c', 'running'));
    await turn(run('a', 'failed'), run('b', 'succeeded'), run('c', 'cancelled'));
    expect(said).toEqual([
      'error: “run a” failed.',
      'info: “run b” has succeeded.',
      'info: “run c” was stopped.'
    ]);
    expect(execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'a' });
  });

  it('are not announced in Run Info, for programs that run once, and with the setting off', async () => {
    await announce([run('a', 'running')], undefined, 'a').turn(run('a', 'failed'));
    const once = 'once 0123456789ab';
    await announce([run('a', 'running', once)]).turn(run('a', 'failed', once));
    await announce([run('a', 'running')], { announceEnds: false }).turn(run('a', 'failed'));
    expect(said).toEqual([]);
    await announce([run('a', 'running')], { announceEnds: true }).turn(run('a', 'failed'));
    expect(said).toEqual(['error: “run a” failed.']);
  });

  it('are announced on the next opening if an automatic run failed while no page was open', async () => {
    const saved: Record<string, unknown> = {
      'nbyard:announced-failures': Date.parse('2026-01-01')
    };
    const state = {
      fetch: async (key: string) => saved[key],
      save: async (key: string, value: unknown) => void (saved[key] = value)
    } as unknown as IStateDB;
    const runs = [
      scheduled('d', '2026-01-04', 'other'),
      scheduled('c', '2026-01-03'),
      scheduled('b', '2026-01-02'),
      scheduled('a', '2025-12-31')
    ];
    const { execute, turn } = announce([], undefined, undefined, state);
    await turn(...runs);
    expect(said).toEqual(['error: “other” failed.', 'error: “sales” failed 2 times.']);
    expect(execute).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'c' });
    await announce([], undefined, undefined, state).turn(...runs);
    expect(said).toHaveLength(2);
  });

  it('are announced on the first visit if an automatic run failed within a day', async () => {
    const now = new Date().toISOString();
    const earlier = [scheduled('a', '2026-01-01', 'old'), run('m', 'failed')];
    await announce([]).turn(scheduled('b', now), ...earlier);
    expect(said).toEqual(['error: “sales” failed.']);
  });

  it('name the channel that could not send, until it sends again', async () => {
    const { call, happens, execute } = announce([]);
    const error = { code: 'channel-answered', params: { service: 'webhook', status: 404 } };
    const channel = { id: 'c', name: 'me', error, counts: { waiting: 1, failed: 0 } };
    call.mockResolvedValue(channel);
    await happens('failed');
    await happens('failed');
    const text = 'warning: The channel “me” could not send a message: webhook answered 404';
    expect(said).toEqual([text]);
    expect(execute).toHaveBeenCalledWith('nbyard:show-channels');
    await happens('sent');
    call.mockResolvedValue({ ...channel, counts: { waiting: 0, failed: 0 } });
    await happens('failed'); // a test: its dialog shows the answer
    expect(said).toHaveLength(1);
    call.mockResolvedValue(channel);
    await happens('failed');
    expect(said).toEqual([text, text]);
  });
});
