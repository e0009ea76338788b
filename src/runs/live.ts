/** What is shown while runs are live, and when they end; fetched once the page is restored. */
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { isLive, Run, StoreEvent, Task } from '../api/types';
import { firstLine, reasonText } from '../reasons';
import { AutomaticFailures, isAutomatic } from './automaticFailures';
import { IRunServices } from './model/services';

export { StatusItem } from './StatusItem';

/** What shows the results of its runs itself. */
const SHOWS_RESULTS = new Set(['shell', 'client', 'magic']);
const PLUGIN = 'nbyard:runs';
/** More tasks of one run may fail; the first one in time is then found among these. */
const MOST_FAILED = 20;
/** How many milliseconds a message waits for its cause. */
const LONGEST = 3000;
const CHANNELS = 'nbyard:show-channels';

/** Run Info, as far as a message depends on it. */
interface IShown {
  readonly run: string | undefined;
  readonly isVisible: boolean;
}

/**
 * Show a message when a run ends, unless Run Info or a shell shows it, or the setting
 * `announceEnds` is off. `first` are the runs that were live when this code was requested. Failures of automations
 * are announced to `user` once, even if no page was open.
 */
export function announceEnds(
  services: IRunServices,
  runInfo: IShown,
  first: readonly Run[],
  settings: ISettingRegistry | null,
  user: string
): void {
  const { yard, trans } = services;
  const live = new Set(first.map(({ id }) => id));
  const failures = new AutomaticFailures(yard, user);
  const loaded = settings?.load(PLUGIN).catch(() => undefined); // announced by default
  const isOff = async () => (await loaded)?.composite.announceEnds === false;
  const isShown = ({ id, origin }: Run) =>
    !SHOWS_RESULTS.has(origin.kind) && !(runInfo.run === id && runInfo.isVisible);
  // causes are requested before the failures are shown together
  const prepare = async (failed: readonly Run[]) => {
    if (!failed.length || (await isOff())) {
      return () => undefined;
    }
    const newest = groupsOf(failed.filter(isShown)).map(([run]) => run);
    const tasks = await Promise.all(newest.map(run => firstFailed(services, run)));
    return (runs: readonly Run[]) => {
      for (const same of groupsOf(runs.filter(isShown))) {
        const [run] = same;
        const text = failureText(services, run, tasks[newest.indexOf(run)], same.length);
        Notification.error(text, { actions: open(services, run), autoClose: false });
      }
    };
  };
  const announce = async (ended: readonly Run[]) => {
    if (!ended.length || (await isOff())) {
      return;
    }
    for (const run of ended.filter(run => run.state !== 'failed' && isShown(run))) {
      const text =
        run.state === 'succeeded'
          ? trans.__('“%1” (run %2) has succeeded.', titleOf(run), run.number)
          : trans.__('“%1” (run %2) was stopped.', titleOf(run), run.number);
      Notification.info(text, { actions: open(services, run), autoClose: 5000 });
    }
    const failed = ended.filter(run => run.state === 'failed');
    (await prepare(failed))(failed);
  };
  const look = () => {
    const ended = yard.runs.items.filter(run => !isLive(run) && live.delete(run.id));
    yard.runs.items.filter(isLive).forEach(({ id }) => live.add(id));
    void announce(ended.filter(run => !(run.state === 'failed' && isAutomatic(run))));
  };
  // failures of other known runs need no request
  const mayBeAutomatic = (id: string) => {
    const known = yard.runs.items.find(run => run.id === id);
    return !known || isAutomatic(known);
  };
  const lookForFailures = oneByOne(() => failures.show(prepare));
  yard.runs.changed.connect(look);
  yard.stream.refetch.connect(lookForFailures);
  yard.stream.events.connect((_, events) => {
    const failed = events.filter(({ topic, data }) => topic === 'run' && data.state === 'failed');
    if (failed.some(({ subject_id }) => mayBeAutomatic(subject_id))) {
      lookForFailures();
    }
    void isOff().then(off => (off ? undefined : announceUndelivered(services, events)));
  });
  look();
  lookForFailures();
}

/** Return runs by their title. */
function groupsOf(runs: readonly Run[]): Run[][] {
  const titles = [...new Set(runs.map(titleOf))];
  return titles.map(title => runs.filter(run => titleOf(run) === title));
}

/** Return the task of a run that failed first; undefined if the server does not respond soon. */
async function firstFailed({ yard }: IRunServices, run: Run): Promise<Task | undefined> {
  const question = { path: { run: run.id }, query: { state: 'failed', limit: MOST_FAILED } };
  const endOf = ({ finished_at }: Task) => Date.parse(finished_at ?? '');
  return Promise.race([
    yard.client.call('runs.tasks', question).then(
      ({ items }) => items.sort((a, b) => endOf(a) - endOf(b))[0],
      () => undefined // the run is named without its node
    ),
    new Promise<undefined>(resolve => setTimeout(resolve, LONGEST))
  ]);
}

/** Return which run failed, in which node and why; of `times` failures, the newest. */
function failureText(
  { trans }: IRunServices,
  run: Run,
  task: Task | undefined,
  times: number
): string {
  const reason = task?.failure?.reason ?? task?.reason ?? run.reason;
  const why = firstLine(reasonText(reason, trans)) || trans.__('unknown cause');
  const title = titleOf(run);
  if (times > 1) {
    return trans.__('“%1” failed %2 times, last in run %3: %4', title, times, run.number, why);
  }
  const node = task && (task.label || task.node);
  return node && node !== run.title
    ? trans.__('“%1” (run %2) failed in “%3”: %4', title, run.number, node, why)
    : trans.__('“%1” (run %2) failed: %3', title, run.number, why);
}

/** Return a function that starts an action, after the one that runs. A failure waits for the next. */
function oneByOne(action: () => Promise<unknown>): () => void {
  let last: Promise<unknown> = Promise.resolve();
  let isNext = false;
  return () => {
    if (!isNext) {
      isNext = true;
      last = last.then(() => ((isNext = false), action())).catch(() => undefined);
    }
  };
}

/** Show which channel has messages that it could not send; a dialog shows the failure of a test. */
async function announceUndelivered(
  { yard, commands, trans }: IRunServices,
  events: readonly StoreEvent[]
): Promise<void> {
  for (const { topic, subject_id, data } of events) {
    if (topic === 'channel' && data.change === 'failed') {
      const path = { channel: subject_id };
      const channel = await yard.client.call('channels.get', { path }).catch(() => undefined);
      const isKnown = undelivered.get(subject_id) === channel?.revision; // a new URL fails anew
      if (channel?.error && channel.counts?.waiting && !isKnown) {
        undelivered.set(subject_id, channel.revision);
        const show = { label: trans.__('Show'), callback: () => void commands.execute(CHANNELS) };
        const text = trans.__(
          'The channel “%1” could not send a message: %2',
          channel.name,
          reasonText(channel.error, trans)
        );
        Notification.warning(text, { actions: [show], autoClose: false });
      }
    } else if (topic === 'channel' && data.change === 'sent') {
      undelivered.delete(subject_id);
    }
  }
}

/** The revisions of announced channels by ID. */
const undelivered = new Map<string, number>();
const titleOf = ({ name, title }: Run) => name || title;

function open({ commands, trans }: IRunServices, { id }: Run): Notification.IAction[] {
  const callback = () => void commands.execute('nbyard:show-run', { id });
  return [{ label: trans.__('Open'), callback }];
}
