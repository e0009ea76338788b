/** Connects all that fits: at once, or after a dialog if files are to be declared. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { CheckBox } from '../../components/Button';
import { FormBody } from '../../forms/FormBody';
import * as connecting from '../model/connecting';
import { CanvasController } from '../model/controller';
import {
  applySuggestions,
  ISuggestion,
  offerText,
  suggestionsOf
} from '../connections/suggestions';

export async function connectAutomatically(canvas: CanvasController): Promise<void> {
  const offered = suggestionsOf(canvas);
  if (!offered.length) {
    connecting.connectAutomatically(canvas);
    return;
  }
  const ticked = new Set(offered.filter(one => one.ticked).map(({ id }) => id));
  const { trans } = canvas;
  const { button } = await showDialog({
    title: offerText(canvas, offered),
    body: new FormBody(<Suggestions {...{ offered, ticked, trans }} />),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Connect') })
    ]
  });
  const chosen = offered.filter(({ id }) => ticked.has(id));
  if (button.accept && chosen.length) {
    await applySuggestions(canvas, chosen);
  }
}

interface ISuggestionsProps {
  offered: readonly ISuggestion[];
  /** Changed by the boxes. */
  ticked: Set<string>;
  trans: TranslationBundle;
}

function Suggestions({ offered, ticked, trans }: ISuggestionsProps): JSX.Element {
  const [, draw] = useState(0);
  const headings = {
    connection: trans.__('Connections'),
    result: trans.__('Results that no node reads'),
    parameters: trans.__('Cells that can become parameters')
  };
  const change = (id: string, on: boolean) => {
    if (on) {
      ticked.add(id);
    } else {
      ticked.delete(id);
    }
    draw(count => count + 1);
  };
  const kinds = (['connection', 'result', 'parameters'] as const)
    .map(kind => ({ kind, own: offered.filter(one => one.kind === kind) }))
    .filter(({ own }) => own.length);
  return (
    <div className="nby-Suggestions">
      {kinds.map(({ kind, own }) => (
        <fieldset key={kind}>
          <legend>{headings[kind]}</legend>
          {own.map(({ id, what, where, detail }) => (
            <CheckBox
              key={id}
              title={detail}
              checked={ticked.has(id)}
              onChange={on => change(id, on)}
            >
              <code>{what}</code> <span className="nby-Suggestions-where">{where}</span>
            </CheckBox>
          ))}
        </fieldset>
      ))}
      <p className="nby-Suggestions-note">
        {trans.__(
          'The files are written into descriptions beside the code (.nbexec). The code stays as it is.'
        )}
      </p>
    </div>
  );
}
