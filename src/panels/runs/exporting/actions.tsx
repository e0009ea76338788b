/** Exports runs in formats of others. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { addressOf, download } from '../../../api/addresses';
import { CheckBox } from '../../../components/Button';
import { FormBody } from '../../../forms/FormBody';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';

export const exportActions = {
  /** Ask what the export contains, then download it. */
  exportRun: async (services: IPanelServices, [run]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not exported.'), async () => {
      const holder = { inputs: true };
      const question = () => ({ path: { run }, query: { ...holder } });
      const { button } = await showDialog({
        title: trans.__('Export this run as a zip file (RO-Crate)'),
        body: new FormBody(
          <>
            <p>
              {trans.__(
                'It contains the workflow, the code, the names and versions of packages, the results, and a description that other programs read.'
              )}
            </p>
            <CheckBox defaultChecked onChange={checked => (holder.inputs = checked)}>
              {trans.__('Include the input data')}
            </CheckBox>
            <p className="nby-Dim">
              {trans.__(
                'Input data are the files and datasets that the run read. Without them, the file contains only their names and checksums.'
              )}
            </p>
            <ShowAsCommand
              spelling={{
                client: yard.client,
                request: () => ({ id: 'runs.crate', question: question() })
              }}
              trans={trans}
            />
          </>
        ),
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Export') })]
      });
      if (button.accept) {
        download(addressOf(yard.client, 'runs.crate', question()));
      }
    });
  }
};
