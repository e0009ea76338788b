/** Dialogs of automations: what starts runs, and the address and secret of a webhook. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { IRequest } from '../../../api/operations';
import { Automation, NewRun } from '../../../api/types';
import { FIELD, FormBody } from '../../../forms/FormBody';
import { askUntilAccepted } from '../../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../../frame/services';
import { AutomationForm } from './AutomationForm';
import { draftProblems, IAutomationDraft } from './draft';
import { offeredFor } from './offered';

interface IAsked {
  title: string;
  ok: string;
  draft: IAutomationDraft;
  /** The run to repeat. */
  run: Partial<NewRun>;
  /** The automation to edit. */
  known?: Automation;
  /** The request of the draft, and how it is sent. */
  request: () => IRequest;
  send: () => Promise<Automation>;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** Return the stored automation; undefined if the user cancels. */
export function askAutomation(
  services: IPanelServices,
  { title, ok, draft, run, known, request, send, onRotate }: IAsked
): Promise<Automation | undefined> {
  const { yard, trans } = services;
  const offered = offeredFor(services, run);
  const check = () => draftProblems(draft, trans);
  return askUntilAccepted({
    title,
    ok,
    draft,
    form: (problems, leave) => (
      <AutomationForm {...{ services, draft, known, offered, problems, leave, onRotate }} />
    ),
    // a time is typed at once; an event is chosen first
    first: draft.typed['on.kind'] === 'phrase' ? 'input' : FIELD,
    check,
    send,
    spelling: {
      client: yard.client,
      request: () => (Object.keys(check()).length ? undefined : request())
    },
    trans
  });
}

/** Show the address of a new webhook and its secret, which the server shows once. */
export async function showSecret(
  { trans, yard }: IPanelServices,
  { name, address, secret }: Automation
): Promise<void> {
  const values = [
    [trans.__('Address'), URLExt.join(yard.client.settings.baseUrl, address)],
    [trans.__('Secret, which is not shown again'), secret]
  ];
  const body = (
    <div className="nby-Form nby-Automation">
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
