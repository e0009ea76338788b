import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Run } from '../../api/types';
import { announceEnds } from '../live';
import { IRunServices } from '../model/services';

/** A run has the number of its letter. */
const NUMBERS = ' abcdefghijklm';

function run(id: string, state: string, name = '', kind = 'manual'): Run {
  const number = NUMBERS.indexOf(id);
  return { id, number, state, name, title: `run ${id}`, origin: { kind } } as Run;
}

/** A failed run of a schedule. */
function scheduled(id: string, finished_at: string, title = 'sales'): Run {
  return { ...run(id, 'failed', title), finished_at, origin: { source_id: 's' } } as Run;
}

const flushed = () => new Promise(resolve => setTimeout(resolve));

interface IOptions {
  settings?: Record<string, unknown> | Error;
  shown?: string;
  user?: string;
  /** The failed runs of all projects, which the server lists. */
  failed?: Run[];
  /** The failed tasks of each run; without them, the connection is lost. */
  tasks?: object[] | 'never';
}

/** Announce the ends of runs, of which the first list was live. */
function announce(
  first: Run[],
  { settings, shown, user = 'ada', failed = [], tasks }: IOptions = {}
) {
  const runs = { items: first, changed: new Signal<unknown, void>({}) };
  const stream = {
    events: new Signal<unknown, unknown>({}),
    refetch: new Signal<unknown, void>({})
  };
  const channel = jest.fn();
  const lists: Record<string, unknown>[] = [];
  const call = jest.fn(async (id: string, { query }: { query: Record<string, unknown> }) => {
    if (id === 'channels.get') {
      return channel();
    }
    if (id === 'runs.tasks') {
      if (tasks === 'never') {
        return new Promise(() => undefined);
      }
      if (tasks) {
        return { items: tasks };
      }
      throw new Error('no connection');
    }
    lists.push(query);
    const at = Number(query.after || 0);
    return {
      items: failed.slice(at, at + 2),
      next: at + 2 < failed.length ? String(at + 2) : null
    };
  });
  const execute = jest.fn();
  const trans = nullTranslator.load('nbyard');
  const client = { call, settings: { baseUrl: 'http://lab/' } };
  const services = {
    yard: { runs, stream, client },
    commands: { execute },
    trans
  } as unknown as IRunServices;
  const load = async () => {
    if (settings instanceof Error) {
      throw settings;
    }
    return { composite: settings };
  };
  const registry = (settings ? { load } : null) as ISettingRegistry | null;
  announceEnds(services, { run: shown, isVisible: true }, first, registry, user);
  const turn = async (...items: Run[]) => {
    await flushed();
    runs.items = items;
    runs.changed.emit();
    await flushed();
  };
  const emit = async (event: object) => {
    await flushed();
    stream.events.emit([event]);
    await flushed();
  };
  const happens = (change: string) => emit({ topic: 'channel', subject_id: 'c', data: { change } });
  const fails = (run: Run) => {
    failed.unshift(run);
    return emit({ topic: 'run', subject_id: run.id, data: { state: 'failed' } });
  };
  return { turn, execute, channel, happens, fails, lists, stream, call };
}

describe('R6: the ends of runs', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    localStorage.clear();
    for (const kind of ['info', 'warning', 'error'] as const) {
      jest.spyOn(Notification, kind).mockImplementation((...[text, options]) => {
        said.push(`${kind}: ${text}`);
        (options!.actions![0].callback as () => void)();
        return '';
      });
    }
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers(); // those that are left are gone with the page
  });

  it('are announced once, also of runs that ended while this code was fetched', async () => {
    const { turn, execute } = announce([run('a', 'running'), run('b', 'queued')]);
    await turn(run('a', 'failed'), run('b', 'succeeded'), run('c', 'running'));
    await turn(run('a', 'failed'), run('b', 'succeeded'), run('c', 'cancelled'));
    expect(said).toEqual([
      'info: “run b” (run 2) has succeeded.',
      'error: “run a” (run 1) failed: unknown cause',
      'info: “run c” (run 3) was stopped.'
    ]);
    expect(execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'a' });
  });

  it('are not announced in Run Info, for runs of a shell, and with the setting off', async () => {
    await announce([run('a', 'running')], { shown: 'a' }).turn(run('a', 'failed'));
    for (const kind of ['shell', 'client', 'magic']) {
      await announce([run('a', 'running', '', kind)]).turn(
        ...[run('a', 'failed', '', kind), run('b', 'running', '', kind)]
      );
    }
    await announce([run('a', 'running')], { settings: { announceEnds: false } }).turn(
      run('a', 'failed')
    );
    expect(said).toEqual([]);
    await announce([run('a', 'running')], { settings: { announceEnds: true } }).turn(
      run('a', 'failed')
    );
    expect(said).toEqual(['error: “run a” (run 1) failed: unknown cause']);
  });

  it('say why the first task failed, and in which node unless the run has only that', async () => {
    const reason = (text: string) => ({ code: 'python-error', params: { text } });
    const task = (label: string, minute: number, text: string) => ({
      ...{ node: 'n', label, finished_at: `2026-01-05T12:0${minute}:00Z` },
      failure: { reason: reason(text) }
    });
    const failed = [
      task('plot', 2, 'ValueError: late'),
      task('train', 1, 'KeyError: x\nmore lines')
    ];
    await announce([run('a', 'running')], { tasks: failed }).turn(run('a', 'failed'));
    const alone = [task('run b', 1, 'KeyError: y')];
    await announce([run('b', 'running')], { tasks: alone }).turn(run('b', 'failed'));
    const unknown = { ...run('c', 'failed'), reason: reason('no disk') } as Run;
    await announce([run('c', 'running')], { tasks: [] }).turn(unknown);
    expect(said).toEqual([
      'error: “run a” (run 1) failed in “train”: KeyError: x',
      'error: “run b” (run 2) failed: KeyError: y',
      'error: “run c” (run 3) failed: no disk'
    ]);
  });

  it('are announced without a cause if the server is slow, those of successes at once', async () => {
    jest.useFakeTimers({ doNotFake: ['Date'] });
    const [a, b, c] = ['a', 'b', 'c'].map(id => run(id, 'running'));
    const { turn, call } = announce([a, b, c], { tasks: 'never' });
    const turned = turn(run('a', 'failed'), run('b', 'failed'), run('c', 'succeeded'));
    await jest.advanceTimersByTimeAsync(100);
    await turned;
    expect(said).toEqual(['info: “run c” (run 3) has succeeded.']);
    expect(call.mock.calls.filter(([id]) => id === 'runs.tasks')).toHaveLength(2);
    await jest.advanceTimersByTimeAsync(3000);
    jest.useRealTimers();
    expect(said.slice(1)).toEqual([
      'error: “run a” (run 1) failed: unknown cause',
      'error: “run b” (run 2) failed: unknown cause'
    ]);
  });

  it('are announced by default if the settings cannot be read', async () => {
    const settings = new Error('no schema');
    await announce([run('a', 'running')], { settings }).turn(run('a', 'failed'));
    expect(said).toEqual(['error: “run a” (run 1) failed: unknown cause']);
  });

  it('name the channel that could not send, until it sends again or has another URL', async () => {
    const { channel, happens, execute } = announce([]);
    const error = { code: 'channel-answered', params: { service: 'webhook', status: 404 } };
    const found = { id: 'c', name: 'me', revision: 1, error, counts: { waiting: 1, failed: 0 } };
    channel.mockReturnValue(found);
    await happens('failed');
    await happens('failed');
    const text = 'warning: The channel “me” could not send a message: webhook answered 404';
    expect(said).toEqual([text]);
    expect(execute).toHaveBeenCalledWith('nbyard:show-channels');
    await happens('sent');
    channel.mockReturnValue({ ...found, counts: { waiting: 0, failed: 3 } });
    await happens('failed'); // a test: its dialog shows the answer
    channel.mockRejectedValue(new Error('404'));
    await happens('failed'); // deleted meanwhile
    expect(said).toEqual([text]);
    channel.mockReset().mockReturnValue(found);
    await happens('failed');
    channel.mockReturnValue({ ...found, revision: 2 });
    await happens('failed');
    expect(said).toEqual([text, text, text]);
  });

  it('name no channel with the setting off', async () => {
    const { channel, happens } = announce([], { settings: { announceEnds: false } });
    await happens('failed');
    expect(channel).not.toHaveBeenCalled();
    expect(said).toEqual([]);
  });
});

describe('R6: failures of automatic runs', () => {
  const DAY = 86_400_000;
  const MONDAY = Date.parse('2026-01-05T12:00:00Z');
  const on = (days: number) => new Date(MONDAY + days * DAY).toISOString();
  let said: string[];
  beforeEach(() => {
    said = [];
    localStorage.clear();
    jest.spyOn(Date, 'now').mockReturnValue(MONDAY);
    jest.spyOn(Notification, 'error').mockImplementation((...[text, options]) => {
      said.push(text);
      (options!.actions![0].callback as () => void)();
      return '';
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers(); // those that are left are gone with the page
  });

  /** Open a page on a day after Monday. */
  const visit = async (days: number, failed: Run[], options: IOptions = {}) => {
    jest.mocked(Date.now).mockReturnValue(MONDAY + days * DAY);
    const page = announce([], { ...options, failed });
    await flushed();
    return page;
  };

  it('are announced on the next visit, also after a visit without failures', async () => {
    await visit(0, []);
    const failed = [
      scheduled('d', on(2), 'other'),
      scheduled('c', on(1.5)),
      run('m', 'failed'),
      scheduled('b', on(1)),
      scheduled('a', on(-1))
    ];
    const { execute } = await visit(3, failed);
    expect(said).toEqual([
      '“other” (run 4) failed: unknown cause',
      '“sales” failed 2 times, last in run 3: unknown cause'
    ]);
    expect(execute).toHaveBeenLastCalledWith('nbyard:show-run', { id: 'c' });
    await visit(4, failed);
    expect(said).toHaveLength(2);
  });

  it('are announced on the first visit if they are not older than a day', async () => {
    await visit(0, [scheduled('b', on(-0.5)), scheduled('a', on(-2), 'old')]);
    expect(said).toEqual(['“sales” (run 2) failed: unknown cause']);
  });

  it('are those of all projects and of long runs', async () => {
    const { lists } = await visit(0, []);
    expect(lists).toEqual([
      expect.objectContaining({ state: 'failed', project: '', since: expect.any(String) })
    ]);
    expect(Date.parse(lists[0].since as string)).toBeLessThan(MONDAY - 7 * DAY);
  });

  it('are announced once in all tabs, and to each user', async () => {
    const first = await visit(0, []);
    const second = await visit(0, []);
    const failure = scheduled('a', on(0));
    await first.fails(failure);
    await second.fails(failure);
    await first.turn(scheduled('a', on(0)));
    expect(said).toEqual(['“sales” (run 1) failed: unknown cause']);
    await visit(0, [failure], { user: 'grace' });
    expect(said).toHaveLength(2);
  });

  it('are announced by the next page if one is closed before its message', async () => {
    const failed = [scheduled('a', on(0))];
    jest.useFakeTimers({ doNotFake: ['Date'] });
    announce([], { failed, tasks: 'never' });
    await jest.advanceTimersByTimeAsync(100);
    jest.useRealTimers();
    expect(said).toEqual([]);
    await visit(0, failed);
    await visit(0, failed);
    expect(said).toEqual(['“sales” (run 1) failed: unknown cause']);
  });

  it('are announced once by two pages that wait for the cause together', async () => {
    jest.useFakeTimers({ doNotFake: ['Date'] });
    const failed = [scheduled('a', on(0))];
    announce([], { failed, tasks: 'never' });
    announce([], { failed, tasks: 'never' });
    await jest.advanceTimersByTimeAsync(4000);
    jest.useRealTimers();
    expect(said).toEqual(['“sales” (run 1) failed: unknown cause']);
  });

  it('are announced after a lost connection, and not twice while clocks differ', async () => {
    const failed: Run[] = [];
    const { stream } = await visit(0, failed);
    failed.push(scheduled('a', new Date(MONDAY - 60_000).toISOString()));
    for (let times = 0; times < 2; times++) {
      stream.refetch.emit();
      await flushed();
    }
    expect(said).toEqual(['“sales” (run 1) failed: unknown cause']);
  });

  it('are announced without storage', async () => {
    const blocked = () => {
      throw new Error('blocked');
    };
    jest.spyOn(Storage.prototype, 'getItem').mockImplementation(blocked);
    jest.spyOn(Storage.prototype, 'setItem').mockImplementation(blocked);
    const page = await visit(0, []);
    await page.fails(scheduled('a', on(0)));
    await page.fails(scheduled('b', on(0), 'other'));
    expect(said).toEqual([
      '“sales” (run 1) failed: unknown cause',
      '“other” (run 2) failed: unknown cause'
    ]);
  });

  it('count as announced with the setting off', async () => {
    const failed = [scheduled('a', on(0))];
    await visit(0, failed, { settings: { announceEnds: false } });
    await visit(0, failed);
    expect(said).toEqual([]);
  });
});
