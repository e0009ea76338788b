import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Workflow } from '../../api/types';
import { freeName } from '../../components/format/freeName';
import { isOther } from '../../forms/referenceOf';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { placeOf } from './unrun';

/**
 * Open the file of a workflow; offer a copy of another user's workflow. Of a pushed one without such
 * a file, say how to get it.
 */
export async function openWorkflow(services: IPanelServices, path: string): Promise<void> {
  const { commands, yard, trans } = services;
  const workflow = yard.workflows.items.find(known => placeOf(known) === path);
  const pushed = workflow?.pushed_path;
  if (workflow && isOther(workflow.owner)) {
    await reportFailure(services, trans.__('The workflow was not copied.'), () =>
      openCopy(services, workflow)
    );
  } else if (pushed) {
    Notification.info(
      trans.__('“%1” is a pushed file. To edit it, run “nbyard pull” in an empty folder.', pushed)
    );
  } else {
    await commands.execute('docmanager:open', { path });
  }
}

/** Copy the newest version of another user's workflow into the current folder, and open it. */
async function openCopy(services: IPanelServices, workflow: Workflow): Promise<void> {
  const { app, browser, commands, trans, yard } = services;
  const { id, owner, path } = workflow;
  const { button } = await showDialog({
    title: trans.__('Open a Copy'),
    body: trans.__(
      '“%1” belongs to %2. Its code and data files are not shared with it. “nbyard pull” brings those of a project.',
      PathExt.basename(path),
      owner
    ),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Open a Copy') })]
  });
  if (!button.accept) {
    return;
  }
  const folder = browser?.tracker.currentWidget?.model.path ?? '';
  const { contents } = app.serviceManager;
  const { content } = await contents.get(folder);
  const file = PathExt.basename(path);
  const isTaken = content.some(({ name }: { name: string }) => name === file);
  const copy = PathExt.join(contents.localPath(folder), isTaken ? freeName(file, content) : file);
  await yard.client.call('workflows.restore', { query: { path: copy, workflow: id } });
  await commands.execute('docmanager:open', { path: copy });
  const { items } = await yard.client.call('workflows.show', { query: { path: copy } });
  const missing = items
    .filter(({ problem }) => problem)
    .map(({ node, executable }) => executable || node);
  if (missing.length) {
    Notification.warning(trans.__('The copy lacks %1. Its nodes show why.', missing.join(', ')));
  }
}
