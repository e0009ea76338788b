import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Run } from '../../api/types';
import { announceEnds } from '../live';
import { IRunServices } from '../model/services';

function run(id: string, state: string, name = ''): Run {
  return { id, state, name, title: `run ${id}` } as Run;
}

/** Announce the ends of runs, of which the first list was live. */
function announce(first: Run[], composite?: Record<string, unknown>, shown?: string) {
  const runs = { items: first, changed: new Signal<unknown, void>({}) };
  const execute = jest.fn();
  const trans = nullTranslator.load('nbyard');
  const services = { yard: { runs }, commands: { execute }, trans } as unknown as IRunServices;
  const loaded = { composite, changed: new Signal<unknown, void>({}) };
  const settings = composite && { load: async () => loaded };
  const drawer = { run: shown, isVisible: true };
  announceEnds(services, drawer, first, (settings ?? null) as ISettingRegistry | null);
  const turn = async (...items: Run[]) => {
    await Promise.resolve();
    runs.items = items;
    runs.changed.emit();
  };
  return { turn, execute };
}

describe('R6: the ends of runs', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    for (const kind of ['info', 'error'] as const) {
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
});
