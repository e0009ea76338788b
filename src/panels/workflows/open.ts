import { Notification } from '@jupyterlab/apputils';
import { IPanelServices } from '../frame/services';
import { placeOf } from './unrun';

/** Open the file of a workflow; of a pushed one without such a file, say how to get it. */
export async function openWorkflow(
  { commands, yard, trans }: IPanelServices,
  path: string
): Promise<void> {
  const pushed = yard.workflows.items.find(known => placeOf(known) === path)?.pushed_path;
  if (pushed) {
    Notification.info(
      trans.__('“%1” is a pushed file. To edit it, run “nbyard pull” in an empty folder.', pushed)
    );
  } else {
    await commands.execute('docmanager:open', { path });
  }
}
