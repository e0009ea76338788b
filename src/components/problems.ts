import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { Reason } from '../reasons';
import type { IFreeing } from './holders/askToFree';

/** The optional data of a refusal. */
interface IRefusal extends Error {
  code?: string;
  hint?: string;
  details?: readonly { path: string; message: string }[];
  requestId?: string;
  reason?: Reason;
  client?: IFreeing;
}

const LONGEST = 140;

/** Show an error; the rest of what is known is behind "Details". */
export function showProblem(title: string, error: unknown, trans: TranslationBundle): void {
  const refusal = error as IRefusal;
  // the message has the first refused field (`nbyard/errors.py`)
  const sentence = [title, refusal.message, refusal.hint].filter(Boolean).join(' ');
  const { client, reason } = refusal;
  const actions: Notification.IAction[] = [];
  const isFull = client && reason?.code === 'quota-full';
  if (isFull && (reason.params.holders as Reason[]).some(({ params }) => params.id)) {
    actions.push({
      label: trans.__('Free…'),
      callback: () =>
        void import('./holders/askToFree').then(({ freeOne }) => freeOne(client, reason, trans))
    });
  }
  if (refusal.code) {
    actions.push({
      label: trans.__('Details'),
      callback: () => void showDetails(title, refusal, trans)
    });
  }
  const text = sentence.length > LONGEST ? `${sentence.slice(0, LONGEST - 1)}…` : sentence;
  Notification.error(text, { actions, autoClose: isFull ? false : 8000 });
}

async function showDetails(
  title: string,
  refusal: IRefusal,
  trans: TranslationBundle
): Promise<void> {
  const lines = [
    refusal.message,
    refusal.hint,
    ...(refusal.details ?? []).map(({ path, message }) => `${path}: ${message}`),
    '',
    `code: ${refusal.code}`,
    refusal.requestId && `request: ${refusal.requestId}`
  ].filter(line => line !== undefined);
  const text = lines.join('\n').replace(/\n{3,}/g, '\n\n');
  const body = new Widget({ node: document.createElement('pre') });
  body.node.textContent = text;
  body.addClass('nby-Details');
  const copy = Dialog.createButton({ label: trans.__('Copy'), accept: false });
  const close = Dialog.okButton({ label: trans.__('Close') });
  const { button } = await showDialog({ title, body, buttons: [copy, close] });
  if (button === copy || button.label === copy.label) {
    await navigator.clipboard.writeText(text);
  }
}

/** Copy a text, and show a notification that says so. */
export async function copyText(text: string, said: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  Notification.info(said, { autoClose: 2000 });
}
