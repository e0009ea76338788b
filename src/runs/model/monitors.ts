/** The links to ports that a task listens on. */
import { URLExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Activity, Task } from '../../api/types';
import { IYard } from '../../api/yard';
import { reasonText } from '../../reasons';

export interface IMonitor {
  name: string;
  href: string;
}

/** Return the links that respond now. */
export function respondingMonitors(
  { client }: Pick<IYard, 'client'>,
  task: Pick<Task, 'state'>,
  activity: Activity | undefined
): IMonitor[] {
  const links = task.state === 'running' ? (activity?.links ?? []) : [];
  return links
    .filter(({ answers }) => answers)
    .map(({ name, path }) => ({ name, href: URLExt.join(client.settings.baseUrl, path) }));
}

/** Return why links will never respond, one sentence for each. */
export function silentMonitors(
  task: Pick<Task, 'state'>,
  activity: Activity | undefined,
  trans: TranslationBundle
): string[] {
  const links = task.state === 'running' ? (activity?.links ?? []) : [];
  return links
    .filter(({ reason }) => reason)
    .map(({ name, reason }) => trans.__('no Monitor link %1: %2', name, reasonText(reason, trans)));
}
