/** What is shown while runs are live, and when they end; fetched with the first live run. */
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { isLive, Run } from '../api/types';
import { IRunServices } from './model/services';

export { StatusItem } from './StatusItem';

/**
 * The name of executables that `nbyard run -f` creates, runs once and removes; the shell shows
 * their result.
 */
const ONCE = /^once [0-9a-f]{12}$/;
const PLUGIN = 'nbyard:runs';

/** Run Info, as far as a message depends on it. */
interface IShown {
  readonly run: string | undefined;
  readonly isVisible: boolean;
}

/**
 * Show a message when a run ends, unless Run Info shows the run or the setting `announceEnds` is
 * off. `first` are the runs that were live when this code was requested.
 */
export function announceEnds(
  { yard, commands, trans }: IRunServices,
  drawer: IShown,
  first: readonly Run[],
  settings: ISettingRegistry | null
): void {
  const live = new Set(first.map(({ id }) => id));
  let isOn = true;
  void settings?.load(PLUGIN).then(loaded => {
    const read = () => (isOn = loaded.composite.announceEnds !== false);
    loaded.changed.connect(read);
    read();
  });
  const look = () => {
    for (const run of yard.runs.items) {
      if (ONCE.test(run.name ?? '')) {
        continue;
      }
      if (isLive(run)) {
        live.add(run.id);
      } else if (live.delete(run.id) && isOn && !(drawer.run === run.id && drawer.isVisible)) {
        const title = run.name || run.title;
        const actions = [
          {
            label: trans.__('Open'),
            callback: () => void commands.execute('nbyard:show-run', { id: run.id })
          }
        ];
        if (run.state === 'failed') {
          Notification.error(trans.__('“%1” failed.', title), { actions, autoClose: false });
        } else {
          const text =
            run.state === 'succeeded'
              ? trans.__('“%1” has succeeded.', title)
              : trans.__('“%1” was stopped.', title);
          Notification.info(text, { actions, autoClose: 5000 });
        }
      }
    }
  };
  yard.runs.changed.connect(look);
  look();
}
