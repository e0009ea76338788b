/** What is shown while runs are live, and when they end; fetched with the first live run. */
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { isLive, Run, StoreEvent } from '../api/types';
import { reasonText } from '../reasons';
import { AutomaticFailures } from './automaticFailures';
import { IRunServices } from './model/services';

export { StatusItem } from './StatusItem';

/**
 * The name of executables that `nbyard run -f` creates, runs once and removes; the shell shows
 * their result.
 */
const ONCE = /^once [0-9a-f]{12}$/;
const PLUGIN = 'nbyard:runs';
const CHANNELS = 'nbyard:show-channels';

/** Run Info, as far as a message depends on it. */
interface IShown {
  readonly run: string | undefined;
  readonly isVisible: boolean;
}

/**
 * Show a message when a run ends, unless Run Info shows the run or the setting `announceEnds` is
 * off. `first` are the runs that were live when this code was requested. Failures of schedules and
 * triggers are announced even if no page was open.
 */
export async function announceEnds(
  services: IRunServices,
  drawer: IShown,
  first: readonly Run[],
  settings: ISettingRegistry | null,
  state: IStateDB | null
): Promise<void> {
  const { yard, trans } = services;
  const live = new Set(first.map(({ id }) => id));
  const failures = new AutomaticFailures(state);
  const loaded = await settings?.load(PLUGIN);
  await failures.load();
  const look = () => {
    const { items } = yard.runs;
    const ended = new Set(failures.take(items));
    for (const run of items) {
      if (isLive(run)) {
        live.add(run.id);
      } else if (live.delete(run.id)) {
        ended.add(run);
      }
    }
    if (loaded?.composite.announceEnds === false) {
      return;
    }
    const shown = [...ended].filter(
      ({ id, name }) => !ONCE.test(name ?? '') && !(drawer.run === id && drawer.isVisible)
    );
    const failed = shown.filter(run => run.state === 'failed');
    for (const title of new Set(failed.map(titleOf))) {
      const [run, ...earlier] = failed.filter(one => titleOf(one) === title);
      const text = earlier.length
        ? trans.__('“%1” failed %2 times.', title, earlier.length + 1)
        : trans.__('“%1” failed.', title);
      Notification.error(text, { actions: open(services, run), autoClose: false });
    }
    for (const run of shown.filter(one => one.state !== 'failed')) {
      const text =
        run.state === 'succeeded'
          ? trans.__('“%1” has succeeded.', titleOf(run))
          : trans.__('“%1” was stopped.', titleOf(run));
      Notification.info(text, { actions: open(services, run), autoClose: 5000 });
    }
  };
  yard.runs.changed.connect(look);
  yard.stream.events.connect((_, events) => void announceUndelivered(services, events));
  look();
}

/** Show which channel could not send a message; a failed test is shown where it was started. */
async function announceUndelivered(
  { yard, commands, trans }: IRunServices,
  events: readonly StoreEvent[]
): Promise<void> {
  for (const { topic, subject_id, data } of events) {
    if (topic === 'channel' && data.change === 'failed') {
      const path = { channel: subject_id };
      const { id, name, error, counts } = await yard.client.call('channels.get', { path });
      if (error && !!counts && counts.waiting + counts.failed > 0 && !undelivered.has(id)) {
        undelivered.add(id);
        const show = { label: trans.__('Show'), callback: () => void commands.execute(CHANNELS) };
        const text = trans.__(
          'The channel “%1” could not send a message: %2',
          name,
          reasonText(error, trans)
        );
        Notification.warning(text, { actions: [show], autoClose: false });
      }
    } else if (topic === 'channel' && data.change === 'sent') {
      undelivered.delete(subject_id);
    }
  }
}

const undelivered = new Set<string>();
const titleOf = ({ name, title }: Run) => name || title;

function open({ commands, trans }: IRunServices, { id }: Run): Notification.IAction[] {
  const callback = () => void commands.execute('nbyard:show-run', { id });
  return [{ label: trans.__('Open'), callback }];
}
