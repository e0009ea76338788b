import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';

/** A form in a dialog. */
export class FormBody extends ReactWidget {
  constructor(private readonly form: JSX.Element) {
    super();
    this.addClass('nby-DialogForm');
  }

  /** Commit the text being typed: a dialog handles Enter before the field does. */
  getValue(): void {
    (document.activeElement as HTMLElement | null)?.blur();
  }

  protected render(): JSX.Element {
    return this.form;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    window.addEventListener('keydown', this._onKeyDown, true);
    void this.renderPromise?.then(() => this._focusField());
  }

  protected override onBeforeDetach(message: Message): void {
    window.removeEventListener('keydown', this._onKeyDown, true);
    super.onBeforeDetach(message);
  }

  /** Focus the refused field, else the first one: on a busy machine the dialog looks too early. */
  private _focusField(): void {
    const { activeElement } = document;
    if (activeElement === document.body || activeElement?.matches('.jp-Dialog-button')) {
      const field =
        this.node.querySelector<HTMLElement>('[aria-invalid="true"]') ??
        this.node.querySelector<HTMLElement>('input, select, textarea');
      field?.focus();
    }
  }

  /**
   * Handle Enter before the dialog does: it would swallow Enter in multi-line fields, also with
   * Shift, and on buttons of the form.
   */
  private _onKeyDown = (event: KeyboardEvent): void => {
    const field = event.target as HTMLElement;
    const isOurs = this.node.contains(field) && event.key === 'Enter' && !event.isComposing;
    const picker = this.node.contains(field) ? field.closest('.nby-Picker') : null;
    if (picker && ['Enter', 'Escape'].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation(); // the dialog would be over
      if (event.key === 'Enter') {
        picker.querySelector<HTMLElement>('[aria-selected="true"]')?.click();
      } else {
        field.blur();
      }
    } else if (isOurs && field instanceof HTMLButtonElement) {
      event.stopPropagation();
    } else if (isOurs && field instanceof HTMLTextAreaElement) {
      event.stopPropagation();
      if (!event.shiftKey) {
        event.preventDefault();
        this.node
          .closest('.jp-Dialog')
          ?.querySelector<HTMLElement>('.jp-Dialog-button.jp-mod-accept')
          ?.click();
      }
    }
  };
}
