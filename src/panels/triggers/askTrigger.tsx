/** Dialogs of triggers: what fires one, and the address and secret of a webhook. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { ApiError, fieldErrors } from '../../api/client';
import { Trigger } from '../../api/types';
import { FIELD, FormBody, REFUSED } from '../../forms/FormBody';
import { IPanelServices } from '../frame/services';
import { bodyOf, draftOf, ITriggerBody } from './draft';
import { TriggerForm } from './TriggerForm';

interface IAsked {
  title: string;
  ok: string;
  /** The trigger to edit. */
  known?: Trigger;
  send: (body: ITriggerBody) => Promise<Trigger>;
}

/** Return the stored trigger; undefined if the user cancels. */
export async function askTrigger(
  services: IPanelServices,
  { title, ok, known, send }: IAsked
): Promise<Trigger | undefined> {
  const draft = draftOf(known);
  let problems: Record<string, string> = {};
  for (;;) {
    const first = Object.keys(problems).length ? REFUSED : FIELD;
    const form = (
      <TriggerForm services={services} draft={draft} isKnown={!!known} problems={problems} />
    );
    const { button } = await showDialog({
      title,
      body: new FormBody(form, first),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: ok })],
      focusNodeSelector: first
    });
    if (!button.accept) {
      return undefined;
    }
    try {
      return await send(bodyOf(draft));
    } catch (error) {
      if (!(error instanceof ApiError && [409, 422].includes(error.status))) {
        throw error;
      }
      problems = fieldErrors(error);
      if (!Object.keys(problems).length) {
        problems = { on: error.message };
      }
    }
  }
}

/** Show the address of a new webhook and its secret, which the server shows once. */
export async function showSecret(
  { trans, yard }: IPanelServices,
  { name, address, secret }: Trigger
): Promise<void> {
  const values = [
    [trans.__('Address'), URLExt.join(yard.client.settings.baseUrl, address)],
    [trans.__('Secret, which is not shown again'), secret]
  ];
  const body = (
    <div className="nby-Form nby-Trigger">
      {values.map(([label, value]) => (
        <label key={label}>
          {label}
          <input
            className="jp-mod-styled"
            readOnly
            value={value}
            onFocus={event => event.target.select()}
          />
        </label>
      ))}
    </div>
  );
  await showDialog({
    title: trans.__('Webhook “%1”', name),
    body: new FormBody(body, 'input'),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
