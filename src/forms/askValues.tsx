/** A dialog for values; it stays open with the messages of a refusal. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../api/client';
import { DraftOwner } from '../components/hooks/useDraft';
import { forget } from '../components/hooks/sessionMemory';
import { IArgument } from '../document/arguments';
import { IInputs } from './ArgumentForm';
import { FIELD, FormBody, REFUSED } from './FormBody';
import { ISpelling, ShowAsCommand } from '../spelling/ShowAsCommand';
import { showRefusal, ValuesForm, ValuesHolder } from './ValuesForm';

const OTHER = 'other';

export interface IAskValues<T> {
  title: string;
  arguments: readonly IArgument[];
  /** Suggestions for inputs. */
  inputs?: IInputs;
  hints?: readonly string[];
  /** Also ask for the runtime and the use of the cache. */
  asksHow?: boolean;
  /** Returns whether a parameter may be swept; without it, none. */
  canSweep?: (name: string) => boolean;
  /** What the values are for: they come back if the page is reloaded while the form is open. */
  draft?: string;
  ok: string;
  /** A further button, which closes the form and answers in its place. */
  other?: { label: string; act: () => Promise<T | undefined> };
  trans: TranslationBundle;
  /** Sends the form; a refusal with status 422 is shown in it. */
  send: (holder: ValuesHolder) => Promise<T>;
  /** The request that `send` sends. */
  spelling?: ISpelling<[holder: ValuesHolder]>;
}

/** Return the response; undefined if the user cancels. */
export async function askValues<T>(
  asked: IAskValues<T>,
  holder = new ValuesHolder()
): Promise<T | undefined> {
  const { title, ok, other, send, spelling, trans, draft, ...form } = asked;
  const owner = draft === undefined ? '' : `dialog/${draft}`;
  const isOver = () => owner && forget(owner);
  let isUnread = false;
  for (;;) {
    const first = isUnread || Object.keys(holder.errors).length ? REFUSED : FIELD;
    const { button } = await showDialog({
      title,
      body: new FormBody(
        <DraftOwner.Provider value={owner}>
          <ValuesForm {...form} trans={trans} holder={holder} />
          {spelling && <ShowAsCommand spelling={spellingOf(spelling, holder)} trans={trans} />}
        </DraftOwner.Provider>,
        first
      ),
      buttons: [
        Dialog.cancelButton(),
        ...(other ? [Dialog.okButton({ label: other.label, actions: [OTHER] })] : []),
        Dialog.okButton({ label: ok })
      ],
      focusNodeSelector: first
    });
    if (!button.accept) {
      isOver();
      return undefined;
    }
    if (button.actions.includes(OTHER)) {
      isOver();
      return other?.act();
    }
    isUnread = holder.unread.size > 0;
    if (isUnread) {
      holder.problem = '';
      holder.unread.clear(); // the fields show their texts with the reasons again
      continue;
    }
    try {
      const answer = await send(holder);
      isOver();
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 422)) {
        throw error;
      }
      showRefusal(holder, asked.arguments, error);
    }
  }
}

/** Return the spelling of what a form sends, none while a field is unreadable. */
export function spellingOf(
  { client, request }: ISpelling<[holder: ValuesHolder]>,
  holder: ValuesHolder
): ISpelling {
  return { client, request: () => (holder.unread.size ? undefined : request(holder)) };
}
