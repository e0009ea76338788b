import { Dialog, showDialog } from '@jupyterlab/apputils';
import { IPanelServices } from '../services';

/** Ask before something is lost; return whether to go on. */
export async function confirm(
  { trans }: IPanelServices,
  title: string,
  body: string,
  label: string
): Promise<boolean> {
  const buttons = [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label })];
  const { button } = await showDialog({ title, body, buttons });
  return button.accept;
}
