import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ApiError } from '../../../api/client';
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

/** Delete what the user confirms, also if it is in use; return whether it is deleted. */
export async function deleteConfirmed(
  services: IPanelServices,
  name: string,
  title: string,
  text: string,
  request: Extract<IRequest, { id: `${'dataset' | 'executable' | 'image'}s.delete` }>,
  label?: string
): Promise<boolean> {
  const { yard, trans } = services;
  const send = ({ id, question }: IRequest) => yard.client.call(id, question as never);
  if (!(await confirm(services, title, text, request, label))) {
    return false;
  }
  try {
    await send(request);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) {
      throw error;
    }
    const forced = { ...request, question: { ...request.question, query: { force: true } } };
    const isSure = await confirm(
      services,
      trans.__('“%1” is in use', name),
      [error.message, error.hint].filter(Boolean).join(' '),
      forced as IRequest,
      trans.__('Delete Anyway')
    );
    if (isSure) {
      await send(forced as IRequest);
    }
    return isSure;
  }
}
