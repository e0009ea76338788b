/** A dialog that shows the messages of a refusal and keeps the input. */
import { Dialog } from '@jupyterlab/apputils';
import { ApiError } from '../../../api/client';
import { fieldErrors } from '../../../forms/fieldErrors';
import { forget } from '../../../components/hooks/sessionMemory';
import { dialogOwner, DraftOwner } from '../../../components/hooks/useDraft';
import { Refusal } from '../../../components/text/messages';
import { TranslationBundle } from '@jupyterlab/translation';
import type { Problems } from '../../../forms/schema/fields';
import { FIELD, FormBody, REFUSED } from '../../../forms/FormBody';
import { ISpelling, ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { launch, Leave } from './launch';

/** Return the messages of a refusal. */
export function problemsOf(error: unknown): Problems {
  const fields = fieldErrors(error);
  const { message, hint } = error as ApiError;
  return Object.keys(fields).length ? fields : { '': [message, hint].filter(Boolean).join(' ') };
}

interface IAsked<T> {
  title: string;
  ok: string;
  /** The button that closes the form; by default, Cancel. */
  close?: string;
  /** The values that the form changes; they come back after a reload of the page. */
  draft: object;
  form: (problems: Problems, leave: Leave) => JSX.Element;
  /** Selects the field that gets the focus; by default, the first one. */
  first?: string;
  /** Return what cannot be sent at all. */
  check?: () => Problems;
  send: () => Promise<T>;
  /** The request that `send` sends. */
  spelling: ISpelling;
  trans: TranslationBundle;
}

/** Return what the server answered; undefined if the user cancels. */
export async function askUntilAccepted<T>(asked: IAsked<T>): Promise<T | undefined> {
  const {
    title,
    ok,
    close,
    draft,
    first: usual = FIELD,
    form,
    check,
    send,
    spelling,
    trans
  } = asked;
  const owner = dialogOwner(title, draft);
  let problems: Problems = {};
  for (;;) {
    const { button } = await launch((leave, focus) => {
      const first = focus ?? (Object.keys(problems).some(Boolean) ? REFUSED : usual);
      const body = (
        <DraftOwner.Provider value={owner}>
          <Refusal>{problems['']}</Refusal>
          {form(problems, (action, next) => {
            problems = {}; // they are about what was sent, which may be changed now
            leave(action, next);
          })}
          <ShowAsCommand spelling={spelling} trans={trans} />
        </DraftOwner.Provider>
      );
      return {
        title,
        body: new FormBody(body, first),
        buttons: [Dialog.cancelButton({ label: close }), Dialog.okButton({ label: ok })],
        focusNodeSelector: first
      };
    });
    if (!button.accept) {
      forget(owner);
      return undefined;
    }
    problems = check?.() ?? {};
    if (Object.keys(problems).length) {
      continue;
    }
    try {
      const answer = await send();
      forget(owner);
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      problems = problemsOf(error);
    }
  }
}
