/** Exports runs in formats of others. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { addressOf, download } from '../../../api/addresses';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';

export const exportActions = {
  /** Ask what the export contains, then download it. */
  exportRun: async (services: IPanelServices, [run]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not exported.'), async () => {
      const { button, isChecked } = await showDialog({
        title: trans.__('Export run as RO-Crate'),
        body: trans.__(
          'A zip file with the workflow, code, environments and results, and their description.'
        ),
        checkbox: { label: trans.__('Include data from outside the run'), checked: true },
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Export') })]
      });
      if (button.accept) {
        const question = { path: { run }, query: { inputs: isChecked !== false } };
        download(addressOf(yard.client, 'runs.crate', question));
      }
    });
  }
};
