/** Dialogs of triggers: what fires one, and the address and secret of a webhook. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { IRequest } from '../../api/operations';
import { Trigger } from '../../api/types';
import { FormBody } from '../../forms/FormBody';
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { bodyOf, draftOf, ITriggerBody } from './draft';
import { TriggerForm } from './TriggerForm';

interface IAsked {
  title: string;
  ok: string;
  /** The trigger to edit. */
  known?: Trigger;
  /** The run that it starts. */
  run: Partial<Trigger['run']>;
  /** The request of a body, and how it is sent. */
  request: (body: ITriggerBody) => IRequest;
  send: (body: ITriggerBody) => Promise<Trigger>;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** Return the stored trigger; undefined if the user cancels. */
export function askTrigger(
  services: IPanelServices,
  { title, ok, known, run, request, send, onRotate }: IAsked
): Promise<Trigger | undefined> {
  const draft = draftOf(known);
  return askUntilAccepted({
    title,
    ok,
    draft,
    form: problems => (
      <TriggerForm
        services={services}
        draft={draft}
        isKnown={!!known}
        problems={problems}
        onRotate={onRotate}
      />
    ),
    send: () => send(bodyOf(draft, run)),
    spelling: { client: services.yard.client, request: () => request(bodyOf(draft, run)) },
    trans: services.trans
  });
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
