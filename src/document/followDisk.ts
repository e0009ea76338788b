import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { isStale } from './conflict';
import { FlowModel } from './flowModel';

const INTERVAL = 10_000;

/**
 * Reload a document without unsaved changes after another page or program saved its file. The file
 * is checked when the page gets the focus, and regularly while the page is visible.
 */
export function followDisk(
  context: DocumentRegistry.IContext<FlowModel>,
  contents: Contents.IManager
): void {
  const { model } = context;
  const isClean = () => !model.dirty && !context.isDisposed;
  const poll = new Poll({
    factory: async () => {
      if (isClean() && (await isStale(context, contents)) && isClean()) {
        await context.revert();
      }
    },
    frequency: { interval: INTERVAL, backoff: true },
    standby: 'when-hidden'
  });
  const refresh = () => void poll.refresh();
  window.addEventListener('focus', refresh);
  context.disposed.connect(() => {
    window.removeEventListener('focus', refresh);
    poll.dispose();
  });
}
