import { ReactWidget } from '@jupyterlab/ui-components';
import { PromiseDelegate } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect } from 'react';
import { ISpelling, ShowAsCommand } from '../spelling/ShowAsCommand';

/** Selectors of what gets the focus: the first field, or the first that was refused. */
export const FIELD = 'input, select, textarea';
export const REFUSED = '[aria-invalid="true"]';

/** A form in a dialog. */
export class FormBody extends ReactWidget {
  /** `first` selects what gets the focus, as the `focusNodeSelector` of the dialog does. */
  constructor(
    private readonly form: JSX.Element,
    private readonly first = FIELD
  ) {
    super();
    this.addClass('nby-DialogForm');
  }

  /** Commit the text being typed: a dialog handles Enter before the field does. */
  getValue(): void {
    (document.activeElement as HTMLElement | null)?.blur();
  }

  protected render(): JSX.Element {
    return <Drawn onDrawn={this._onDrawn}>{this.form}</Drawn>;
  }

  /**
   * The dialog focuses the first field after this promise. Its own waits until the browser is idle:
   * on a busy machine the user may be typing in another field by then.
   */
  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    this.renderPromise = this._drawn.promise;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    window.addEventListener('keydown', this._onKeyDown, true);
  }

  protected override onBeforeDetach(message: Message): void {
    window.removeEventListener('keydown', this._onKeyDown, true);
    super.onBeforeDetach(message);
  }

  private readonly _drawn = new PromiseDelegate<void>();

  /** Focus the first field once it exists, also if the dialog does not wait for this widget. */
  private _onDrawn = (): void => {
    const { activeElement } = document;
    const dialog = this.node.closest('.jp-Dialog');
    const isOnDialog = activeElement === document.body || dialog?.contains(activeElement);
    if (isOnDialog && !this.node.contains(activeElement)) {
      this.node.querySelector<HTMLElement>(this.first)?.focus();
    }
    this._drawn.resolve();
  };

  /**
   * Handle Enter before the dialog does: it would swallow Enter in multi-line fields, also with
   * Shift, and on buttons of the form. In lists of packages, only Ctrl+Enter submits.
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
    } else if (isOurs && (field instanceof HTMLButtonElement || field.tagName === 'SUMMARY')) {
      event.stopPropagation();
    } else if (isOurs && field instanceof HTMLTextAreaElement) {
      event.stopPropagation();
      const isList = field.closest('.nby-PackagesField');
      if (isList ? event.ctrlKey || event.metaKey : !event.shiftKey) {
        event.preventDefault();
        this.node
          .closest('.jp-Dialog')
          ?.querySelector<HTMLElement>('.jp-Dialog-button.jp-mod-accept')
          ?.click();
      }
    }
  };
}

interface IDrawnProps {
  onDrawn: () => void;
  children: JSX.Element;
}

/** The form; `onDrawn` is called once, when its fields are in the page. */
function Drawn({ onDrawn, children }: IDrawnProps): JSX.Element {
  useEffect(() => onDrawn(), [onDrawn]);
  return children;
}

/**
 * Return the text of a dialog, with the command of what it confirms. A dialog waits for React before
 * it takes the focus, but the answer may be typed at once: so the text itself is a plain widget.
 */
export function withCommand(text: string, spelling: ISpelling, trans: TranslationBundle): Panel {
  const paragraph = new Widget({ node: document.createElement('p') });
  paragraph.node.textContent = text;
  const body = new Panel();
  body.addWidget(paragraph);
  body.addWidget(new FormBody(<ShowAsCommand spelling={spelling} trans={trans} />));
  return body;
}
