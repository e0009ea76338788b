import { Notification } from '@jupyterlab/apputils';
import { saveOpen } from '../../../api/documents/saveDocuments';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';

/** Write a version into the file of a workflow. Its open documents are saved before, and reloaded. */
export async function restoreVersion(
  services: IPanelServices,
  path: string,
  version: number
): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('The version was not restored.'), async () => {
    const open = await saveOpen(services, path);
    await yard.client.call('workflows.restore', { query: { path, version } });
    // A shared document follows its file by itself.
    await Promise.all(open.filter(({ model }) => !model.collaborative).map(each => each.revert()));
    Notification.success(
      trans.__('Restored version %1. The version before is in the history.', version),
      { autoClose: 8000 }
    );
  });
}
