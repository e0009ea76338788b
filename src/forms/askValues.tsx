/** A dialog that asks for values, and asks again with the words of a refusal beside them. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError, fieldErrors } from '../api/client';
import { IArgument } from '../document/arguments';
import { FormBody } from './FormBody';
import { ValuesForm, ValuesHolder } from './ValuesForm';

export interface IAskValues<T> {
  title: string;
  arguments: readonly IArgument[];
  hints?: readonly string[];
  /** Where it runs and whether the cache is used are asked too. */
  asksHow?: boolean;
  ok: string;
  trans: TranslationBundle;
  /** Send what was filled in; what it refuses with 422 is shown in the form. */
  send: (holder: ValuesHolder) => Promise<T>;
}

/** What was answered; undefined when the user leaves the dialog. */
export async function askValues<T>(
  asked: IAskValues<T>,
  holder = new ValuesHolder()
): Promise<T | undefined> {
  const { title, ok, send } = asked;
  for (;;) {
    const { button } = await showDialog({
      title,
      body: new FormBody(<ValuesForm {...asked} holder={holder} />),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: ok })]
    });
    if (!button.accept) {
      return undefined;
    }
    if (holder.unread.size) {
      holder.errors = Object.fromEntries(holder.unread);
      holder.problem = '';
      holder.unread.clear();
      continue;
    }
    try {
      return await send(holder);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 422)) {
        throw error;
      }
      holder.errors = fieldErrors(error);
      holder.problem = error.message;
    }
  }
}
