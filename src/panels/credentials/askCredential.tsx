/** A dialog to create or replace a credential; it shows the messages of a refusal. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useId, useState } from 'react';
import { ApiClient, ApiError } from '../../api/client';
import { IRequest } from '../../api/operations';
import { Credential, CredentialField, CredentialKind } from '../../api/types';
import { useDialogDraft } from '../../components/hooks/useDraft';
import { FormBody, REFUSED } from '../../forms/FormBody';
import { hidden, ShowAsCommand } from '../../spelling/ShowAsCommand';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';

/** The typed values; for an existing credential only the values to replace. */
export interface ICredentialDraft {
  name: string;
  kind: string;
  description: string;
  fields: Record<string, string>;
}

interface IAsked {
  kinds: readonly CredentialKind[];
  /** The credential to replace. */
  known?: Credential;
  trans: TranslationBundle;
  client: Pick<ApiClient, 'call'>;
  /** The request of a draft, and how it is sent. */
  request: (draft: ICredentialDraft) => IRequest;
  send: (draft: ICredentialDraft) => Promise<Credential>;
}

/** Return the stored credential; undefined if the user cancels. */
export async function askCredential(asked: IAsked): Promise<Credential | undefined> {
  const { known, kinds, trans, client, request, send } = asked;
  const draft: ICredentialDraft = {
    name: known?.name ?? '',
    kind: known?.kind ?? kinds[0].kind,
    description: known?.description ?? '',
    fields: { ...known?.fields }
  };
  const typed = () => ({ ...draft, name: draft.name.trim() });
  const spelling = { client, request: () => request(withoutSecrets(kinds, typed())) };
  let problems: Problems = {};
  for (;;) {
    // focus the refused field, so that a secret is not typed into another one
    const isRefused = Object.keys(problems).some(Boolean);
    const first = isRefused ? REFUSED : known ? '[type="password"], textarea' : 'input';
    const { button } = await showDialog({
      title: known ? trans.__('Replace “%1”', known.name) : trans.__('New credential'),
      body: new FormBody(
        <>
          <Form {...asked} draft={draft} problems={problems} />
          <ShowAsCommand spelling={spelling} trans={trans} />
        </>,
        first
      ),
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: known ? trans.__('Replace') : trans.__('Save') })
      ],
      focusNodeSelector: first
    });
    if (!button.accept) {
      return undefined;
    }
    try {
      return await send(typed());
    } catch (error) {
      if (!(error instanceof ApiError && [409, 422].includes(error.status))) {
        throw error;
      }
      problems = problemsOf(error);
    }
  }
}

/** Return the draft with whether secrets are typed, but without them. */
function withoutSecrets(
  kinds: readonly CredentialKind[],
  draft: ICredentialDraft
): ICredentialDraft {
  const kind = kinds.find(known => known.kind === draft.kind);
  const secrets = new Set(kind?.fields.filter(({ secret }) => secret).map(({ name }) => name));
  const fields = Object.entries(draft.fields).map(([name, text]) => [
    name,
    secrets.has(name) ? hidden(text) : text
  ]);
  return { ...draft, fields: Object.fromEntries(fields) as Record<string, string> };
}

interface IFormProps extends IAsked {
  /** Changed while the user types. */
  draft: ICredentialDraft;
  problems: Readonly<Record<string, string>>;
}

function Form({ draft, problems, kinds, known, trans }: IFormProps): JSX.Element {
  const [shown, change] = useDialogDraft(draft);
  const kind = kinds.find(offered => offered.kind === shown.kind) ?? kinds[0];
  return (
    <div className="nby-Form nby-Credential">
      {problems[''] && (
        <p className="nby-Field-error" role="alert">
          {problems['']}
        </p>
      )}
      {!known && (
        <>
          <Field label={trans.__('Name')} problem={problems.name}>
            {more => (
              <input
                {...more}
                type="text"
                value={shown.name}
                onChange={event => change({ name: event.target.value })}
              />
            )}
          </Field>
          <Field label={trans.__('Kind')} help={kind.help} problem={problems.kind}>
            {more => (
              <select
                {...more}
                value={shown.kind}
                onChange={event => change({ kind: event.target.value, fields: {} })}
              >
                {kinds.map(offered => (
                  <option key={offered.kind} value={offered.kind}>
                    {offered.label}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </>
      )}
      {kind.fields.map(field => (
        <Value
          key={`${kind.kind} ${field.name}`}
          field={field}
          isKept={!!known?.kept.includes(field.name)}
          text={shown.fields[field.name] ?? ''}
          problem={problems[`fields.${field.name}`]}
          trans={trans}
          onChange={text => change({ fields: { ...draft.fields, [field.name]: text } })}
        />
      ))}
      <Field label={trans.__('Description')} problem={problems.description}>
        {more => (
          <input
            {...more}
            type="text"
            value={shown.description}
            onChange={event => change({ description: event.target.value })}
          />
        )}
      </Field>
      {!!known?.used_by.length && (
        <p className="nby-Field-help">{trans.__('Used by %1.', known.used_by.join(', '))}</p>
      )}
    </div>
  );
}

interface IValueProps {
  field: CredentialField;
  /** The value exists, and stays if the field is empty. */
  isKept: boolean;
  text: string;
  problem?: string;
  trans: TranslationBundle;
  onChange: (text: string) => void;
}

/** One field; a secret stays hidden while it is typed. */
function Value({ field, isKept, text, problem, trans, onChange }: IValueProps): JSX.Element {
  const [isLong, setLong] = useState(field.name === 'text');
  const isNeeded = field.required && !isKept;
  return (
    <Field
      label={field.label}
      required={isNeeded ? trans.__('required') : undefined}
      help={isKept ? trans.__('Leave the field empty to keep the current value.') : field.help}
      problem={problem}
      aside={
        field.several_lines && (
          <button type="button" className="nby-Link" onClick={() => setLong(!isLong)}>
            {isLong ? trans.__('One Line') : trans.__('Several Lines')}
          </button>
        )
      }
    >
      {more =>
        isLong ? (
          <textarea
            {...more}
            className="jp-mod-styled nby-mod-secret"
            rows={4}
            autoComplete="off"
            value={text}
            onChange={event => onChange(event.target.value)}
          />
        ) : (
          <input
            {...more}
            type={field.secret ? 'password' : 'text'}
            autoComplete={field.secret ? 'new-password' : 'off'}
            value={text}
            onChange={event => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

interface IControl {
  id: string;
  className: string;
  spellCheck: boolean;
  'aria-invalid': boolean;
  'aria-describedby'?: string;
  'aria-required'?: boolean;
}

interface IFieldProps {
  label: string;
  help?: string;
  problem?: string;
  /** The word for a required field. */
  required?: string;
  aside?: React.ReactNode;
  children: (control: IControl) => JSX.Element;
}

function Field({ label, help, problem, required, aside, children }: IFieldProps): JSX.Element {
  const id = useId();
  const said = problem ?? help;
  return (
    <div className={`nby-Field${problem ? ' nby-mod-invalid' : ''}`}>
      <div className="nby-Field-head">
        <label htmlFor={id}>
          {label}
          {required && <abbr title={required}>*</abbr>}
        </label>
        {aside}
      </div>
      {children({
        id,
        className: 'jp-mod-styled',
        spellCheck: false,
        'aria-invalid': !!problem,
        'aria-describedby': said ? `${id}-said` : undefined,
        'aria-required': !!required
      })}
      {said && (
        <div
          id={`${id}-said`}
          className={problem ? 'nby-Field-error' : 'nby-Field-help'}
          role={problem ? 'alert' : undefined}
        >
          {said}
        </div>
      )}
    </div>
  );
}
