import { Dialog, showDialog } from '@jupyterlab/apputils';
import { IRequest } from '../../../api/operations';
import { withCommand } from '../../../forms/FormBody';
import { IPanelServices } from '../services';

/** Ask before something is lost, which `request` does; return whether to go on. */
export async function confirm(
  { yard, trans }: IPanelServices,
  title: string,
  text: string,
  request: IRequest,
  label = trans.__('Delete')
): Promise<boolean> {
  const buttons = [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label })];
  const body = withCommand(text, { client: yard.client, request: () => request }, trans);
  const { button } = await showDialog({ title, body, buttons });
  return button.accept;
}
