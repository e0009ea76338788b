import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { Deployment, Link } from '../../../api/types';
import { Button } from '../../../components/Button';
import { copyText } from '../../../components/problems';
import { Waiting } from '../../../components/text/messages';
import { IPanelServices } from '../../frame/services';
import { ask, IAnswer, useCalls } from './ask';
import { Given, ICall, ICallField, IRequest, requestOf, snippetsOf, valueOf } from './calls';
import { predictedValues, refusedValues } from './columns';
import { FieldFrame } from '../../../forms/FieldFrame';
import { addressOf } from '../state/texts';

interface ITryItProps {
  services: IPanelServices;
  deployment: Deployment;
  link: Link;
  /** Whether the button takes the focus when it appears. */
  takesFocus?: () => boolean;
}

/** Sends requests to the service, using its own description. */
export function TryIt(props: ITryItProps): JSX.Element {
  const { services, deployment, link } = props;
  const { trans } = services;
  const calls = useCalls(services, deployment, link);
  const [index, setIndex] = useState(0);
  if (!calls) {
    return <Waiting>{trans.__('Loading…')}</Waiting>;
  }
  if (!calls.length) {
    return <p className="nby-Note">{trans.__('The service does not describe its requests.')}</p>;
  }
  return (
    <div className="nby-Deployment-form">
      {calls.length > 1 && (
        <FieldFrame label={trans.__('Request')} trans={trans}>
          {control => (
            <select
              {...control}
              className="jp-mod-styled"
              value={index}
              onChange={event => setIndex(Number(event.target.value))}
            >
              {calls.map(({ method, path, title }, at) => (
                <option key={at} value={at}>
                  {title} ({method} {path})
                </option>
              ))}
            </select>
          )}
        </FieldFrame>
      )}
      <Call key={index} {...props} call={calls[index]} />
    </div>
  );
}

function Call(props: ITryItProps & { call: ICall }): JSX.Element {
  const { services, link, call, takesFocus } = props;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (takesFocus?.()) {
      const empty = button.current?.form?.querySelector<HTMLElement>(
        'input[value=""][aria-required]'
      );
      (empty ?? button.current)?.focus();
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when it is there
  }, []);
  const { yard, trans } = services;
  const [given, setGiven] = useState<Given>({});
  const [answer, setAnswer] = useState<IAnswer | string>();
  const [isBusy, setBusy] = useState(false);
  const address = new URL(addressOf(yard, link), document.baseURI).href;
  const request = requestOf(call, address, given);
  const refused = typeof answer === 'object' ? refusedValues(answer.status, answer.text) : {};
  const send = async () => {
    setBusy(true);
    try {
      setAnswer(await ask(yard, request));
    } catch (error) {
      setAnswer((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}
    >
      <div className="nby-Deployment-fields">
        {call.fields.map(field => (
          <Field
            key={field.name}
            field={field}
            given={given}
            error={refused[field.name]}
            trans={trans}
            onChange={value => setGiven({ ...given, [field.name]: value })}
          />
        ))}
      </div>
      <p>
        <button ref={button} type="submit" className="nby-Button nby-mod-primary" disabled={isBusy}>
          {trans.__('Send')}
        </button>
      </p>
      {answer && <Answer answer={answer} trans={trans} />}
      <Snippets request={request} trans={trans} />
    </form>
  );
}

interface IFieldProps {
  field: ICallField;
  given: Given;
  error: string | undefined;
  trans: TranslationBundle;
  onChange: (value: string | File | undefined) => void;
}

function Field({ field, given, error, trans, onChange }: IFieldProps): JSX.Element {
  const { name, type, help, choices, is_required, place } = field;
  const value = valueOf(field, given);
  const offered = type === 'boolean' ? ['true', 'false'] : choices.map(String);
  return (
    <FieldFrame label={name} help={help} error={error} required={is_required} trans={trans}>
      {control => {
        const common = { ...control, className: 'jp-mod-styled', spellCheck: false };
        if (type === 'file') {
          return (
            <input
              {...common}
              type="file"
              onChange={event => onChange(event.target.files?.[0] ?? undefined)}
            />
          );
        }
        if (offered.length) {
          return (
            <select {...common} value={value} onChange={event => onChange(event.target.value)}>
              {['', ...offered].map(choice => (
                <option key={choice} value={choice}>
                  {choice}
                </option>
              ))}
            </select>
          );
        }
        return place === 'body' ? (
          <textarea
            {...common}
            rows={Math.min(16, Math.max(4, value.split('\n').length))}
            value={value}
            onChange={event => onChange(event.target.value)}
            onKeyDown={event => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                event.stopPropagation();
                event.currentTarget.form?.requestSubmit();
              }
            }}
          />
        ) : (
          <input
            {...common}
            type="text"
            value={value}
            onChange={event => onChange(event.target.value)}
          />
        );
      }}
    </FieldFrame>
  );
}

function Answer(props: { answer: IAnswer | string; trans: TranslationBundle }): JSX.Element {
  const { answer, trans } = props;
  if (typeof answer === 'string') {
    return <Waiting className="nby-Warning" problem={answer} />;
  }
  const { status, milliseconds, text } = answer;
  const outcome = status
    ? trans.__('Status %1 · %2 ms', status, milliseconds)
    : trans.__('The service redirects to another address. The redirect is not followed here.');
  const isFine = !!status && status < 400;
  const values = isFine ? predictedValues(text) : [];
  const json = (
    <pre className="nby-Deployment-text" tabIndex={0} role="region" aria-label={trans.__('Text')}>
      {text}
    </pre>
  );
  return (
    <section aria-label={trans.__('Response')}>
      {!!values.length && (
        <dl className="nby-Prediction">
          {values.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {values.length ? (
        <details>
          <summary>{trans.__('JSON')}</summary>
          {json}
        </details>
      ) : (
        json
      )}
      <p role="status" className={isFine ? 'nby-Dim' : 'nby-Warning'}>
        {outcome}
      </p>
    </section>
  );
}

function Snippets(props: { request: IRequest; trans: TranslationBundle }): JSX.Element {
  const { request, trans } = props;
  return (
    <>
      <p className="nby-Dim">
        {trans.__(
          'Send this request from a shell or a program. Set the variable TOKEN to your Jupyter token. The URL that Jupyter prints at its start contains it, and “jupyter server list” shows it. On a hub, create one on the page “Token”.'
        )}
      </p>
      {snippetsOf(request).map(([language, text]) => (
        <details
          key={language}
          onToggle={({ currentTarget }) => currentTarget.scrollIntoView?.({ block: 'nearest' })}
        >
          <summary>{language}</summary>
          <pre className="nby-Deployment-text" tabIndex={0} role="region" aria-label={language}>
            {text}
          </pre>
          <Button onClick={() => void copyText(text, trans.__('The request is copied.'))}>
            {trans.__('Copy')}
          </Button>
        </details>
      ))}
    </>
  );
}
