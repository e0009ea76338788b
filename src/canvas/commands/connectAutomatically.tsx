/** Connects all that fits: at once, or after a dialog if files are to be declared. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { useState } from 'react';
import { CheckBox } from '../../components/Button';
import { asDeclared, IOpenedFile } from '../../components/OpenedFiles';
import { FormBody } from '../../forms/FormBody';
import * as connecting from '../model/connecting';
import { CanvasController } from '../model/controller';
import { whenChecked } from '../model/whenChecked';
import { declareFiles } from '../connections/declarations';
import { tidy } from '../stage/tidy';
import {
  applySuggestions,
  ISuggestion,
  offerText,
  suggestionsOf
} from '../connections/suggestions';

/** `node` and `path` are a suggested port: if nothing connects to it, it is declared at once. */
export async function connectAutomatically(
  canvas: CanvasController,
  { node, path }: ReadonlyPartialJSONObject = {}
): Promise<void> {
  if (!canvas.checker.settled) {
    await whenChecked(canvas); // the files of nodes may just have changed
  }
  const offered = suggestionsOf(canvas);
  if (typeof node === 'string' && !offered.some(offer => names(offer, node, path))) {
    const file = canvas.checker.reading(node)?.undeclared?.files?.find(file => file.path === path);
    return declareAtOnce(canvas, node, file ? [file] : []);
  }
  if (!offered.length) {
    connecting.connectAutomatically(canvas);
    return;
  }
  const ticked = new Set(offered.filter(({ ticked }) => ticked).map(({ id }) => id));
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
  if (!button.accept || !chosen.length) {
    return;
  }
  const isFirst = !canvas.doc.allEdges().length;
  const close = canvas.doc.gesture();
  try {
    await applySuggestions(canvas, chosen);
    // cards without a connection lie where they were dropped
    if (isFirst && canvas.stage && canvas.doc.allEdges().length) {
      await tidy(canvas);
    }
  } finally {
    close();
  }
}

function names({ proposals = [], result }: ISuggestion, node: string, path: unknown): boolean {
  return (
    (result?.node === node && result.path === path) ||
    proposals.some(
      ({ source, target, writes, reads }) =>
        (source === node && writes === path) || (target === node && reads === path)
    )
  );
}

async function declareAtOnce(
  canvas: CanvasController,
  node: string,
  files: readonly IOpenedFile[]
): Promise<void> {
  try {
    const { added } = await declareFiles(canvas, node, asDeclared(files));
    canvas.say(canvas.trans.__('Declared %1.', added.map(({ name }) => name).join(', ')));
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
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
    .map(kind => ({ kind, own: offered.filter(offer => offer.kind === kind) }))
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
          'nbyard writes the files into descriptions beside the code (.nbexec). The code itself does not change.'
        )}
      </p>
    </div>
  );
}
