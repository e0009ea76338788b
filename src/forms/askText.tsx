/** A dialog for one line of text; it stays open with the message of a refusal. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { ApiClient, ApiError } from '../api/client';
import { Answer, IRequest, OperationId, Question } from '../api/operations';
import { FormBody } from './FormBody';
import { ISpelling, ShowAsCommand } from '../spelling/ShowAsCommand';

export interface IAskText<T> {
  title: string;
  label: string;
  text?: string;
  placeholder?: string;
  help?: string;
  ok: string;
  trans: TranslationBundle;
  /** Sends the text; a refusal of the text is shown in the dialog. */
  send: (text: string) => Promise<T>;
  /** The request that `send` sends. */
  spelling?: ISpelling<[text: string]>;
}

/** Ask for a text and send the request of `question`, which the dialog also shows as a command. */
export function askRequest<Id extends OperationId>(
  client: ApiClient,
  id: Id,
  question: (text: string) => Question<Id>,
  asked: Omit<IAskText<Answer<Id>>, 'send' | 'spelling'>
): Promise<Answer<Id> | undefined> {
  const request = (text: string) => ({ id, question: question(text) }) as IRequest;
  const send = (text: string) => client.call(id, question(text));
  return askText({ ...asked, send, spelling: { client, request } });
}

/** Return the response; undefined if the user cancels. */
export async function askText<T>(asked: IAskText<T>): Promise<T | undefined> {
  const { title, ok, trans, send, spelling } = asked;
  let text = asked.text ?? '';
  let problem = '';
  for (;;) {
    const onChange = (typed: string) => void (text = typed);
    const { button } = await showDialog({
      title,
      body: new FormBody(
        <>
          <Field asked={{ ...asked, text }} {...{ problem, onChange }} />
          {spelling && (
            <ShowAsCommand
              spelling={{ ...spelling, request: () => spelling.request(text.trim()) }}
              trans={trans}
            />
          )}
        </>,
        'input'
      ),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: ok })],
      focusNodeSelector: 'input'
    });
    if (!button.accept) {
      return undefined;
    }
    text = text.trim();
    if (!text) {
      problem = trans.__('Enter a value.');
      continue;
    }
    try {
      return await send(text);
    } catch (error) {
      problem = refusal(error);
    }
  }
}

/** Return the message about the text; other errors are thrown again. */
function refusal(error: unknown): string {
  if (!(error instanceof ApiError) || !(error.status === 422 || error.code === 'name-taken')) {
    throw error;
  }
  const said = error.details[0]?.message ?? error.message;
  return [said, error.hint].filter(Boolean).join('. ').replace('..', '.');
}

interface IFieldProps {
  asked: IAskText<unknown>;
  problem: string;
  onChange: (text: string) => void;
}

function Field({ asked, problem, onChange }: IFieldProps): JSX.Element {
  const { label, text, placeholder, help } = asked;
  const [shown, setShown] = useState(text);
  return (
    <div className={`nby-Field${problem ? ' nby-mod-invalid' : ''}`}>
      <label>
        {label}
        <input
          className="jp-mod-styled"
          type="text"
          spellCheck={false}
          placeholder={placeholder}
          aria-invalid={!!problem}
          aria-describedby={problem ? 'nby-ask-problem' : help && 'nby-ask-help'}
          value={shown}
          onFocus={event => event.target.select()}
          onChange={event => {
            setShown(event.target.value);
            onChange(event.target.value);
          }}
        />
      </label>
      {help && (
        <div id="nby-ask-help" className="nby-Field-help">
          {help}
        </div>
      )}
      {problem && (
        <div id="nby-ask-problem" className="nby-Field-error" role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}
