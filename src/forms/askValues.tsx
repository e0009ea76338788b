/** A dialog that asks for values, and asks again with the words of a refusal beside them. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ApiError, fieldErrors } from '../api/client';
import { IArgument } from '../document/arguments';
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
      body: new FormBody(<ValuesForm {...asked} holder={holder} />, holder),
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

class FormBody extends ReactWidget {
  constructor(
    private readonly form: JSX.Element,
    private readonly holder: ValuesHolder
  ) {
    super();
    this.addClass('nby-DialogForm');
  }

  /** A dialog takes Enter before the field does: leaving the field makes it keep what was typed. */
  getValue(): unknown {
    (document.activeElement as HTMLElement | null)?.blur();
    return this.holder.values;
  }

  protected render(): JSX.Element {
    return this.form;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    window.addEventListener('keydown', this._onKeyDown, true);
  }

  protected override onBeforeDetach(message: Message): void {
    window.removeEventListener('keydown', this._onKeyDown, true);
    super.onBeforeDetach(message);
  }

  /** In a field of several lines a dialog swallows Enter, with Shift too: be there before it. */
  private _onKeyDown = (event: KeyboardEvent): void => {
    const field = event.target as HTMLElement;
    const isOurs = field instanceof HTMLTextAreaElement && this.node.contains(field);
    if (!isOurs || event.key !== 'Enter' || event.isComposing) {
      return;
    }
    event.stopPropagation();
    if (!event.shiftKey) {
      event.preventDefault();
      this.node
        .closest('.jp-Dialog')
        ?.querySelector<HTMLElement>('.jp-Dialog-button.jp-mod-accept')
        ?.click();
    }
  };
}
