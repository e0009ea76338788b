/** Restarts the open notebook with the kernel of an environment. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { useSignal } from '../../components/hooks/useSignal';
import { IPanelServices } from '../frame/services';
import { renewKernels } from './kernels';

/** Switch the notebook that had the focus last to a kernel, and show the notebook. */
export async function restartWith(services: IPanelServices, name: string): Promise<void> {
  const { app, notebooks, trans } = services;
  const panel = notebooks?.currentWidget;
  if (!panel) {
    return;
  }
  if (hasState(panel)) {
    const { button } = await showDialog({
      title: trans.__('Restart the kernel?'),
      body: trans.__('All variables of %1 are lost.', panel.title.label),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Restart') })]
    });
    if (!button.accept) {
      return;
    }
  }
  await renewKernels(services); // the kernel may be new
  await panel.sessionContext.changeKernel({ name });
  app.shell.activateById(panel.id);
}

/** Return why no notebook can use an environment now; undefined if one can. */
export function useObstacle({ notebooks, trans }: IPanelServices): string | undefined {
  return useSignal(notebooks?.currentChanged, () => !!notebooks?.currentWidget)
    ? undefined
    : trans.__('Open a notebook first.');
}

/** Return whether the kernel is busy, or a cell was run. */
function hasState({ model, sessionContext }: NotebookPanel): boolean {
  const cells = model?.sharedModel.cells ?? [];
  return (
    sessionContext.session?.kernel?.status === 'busy' ||
    cells.some(cell => 'execution_count' in cell && !!cell.execution_count)
  );
}
