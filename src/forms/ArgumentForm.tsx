import { TranslationBundle } from '@jupyterlab/translation';
import { Fragment, ReactNode } from 'react';
import { Binding, IArgument, Parameters } from '../document/arguments';
import { Json } from '../document/canonical';
import { showValue } from '../document/arguments';
import { useCredentials } from './credentials';
import { ValueField } from './ValueField';

export interface IArgumentFormProps {
  arguments: readonly IArgument[];
  /** By argument name; an argument without a binding uses its default. */
  bindings: Readonly<Record<string, Binding | undefined>>;
  /** Workflow parameters that arguments may be bound to; omit if there are none. */
  parameters?: Parameters;
  /** Connected inputs, with the text to show for them. */
  connected?: Readonly<Record<string, string>>;
  /** Messages of the server, by argument name. */
  errors?: Readonly<Record<string, string>>;
  readOnly?: boolean;
  trans: TranslationBundle;
  onChange: (name: string, binding: Binding | undefined) => void;
  /** Reports an unreadable text with the reason, or undefined once it is readable. */
  onUnread?: (name: string, why: string | undefined, text: string) => void;
  /** Texts from when the fields were last shown: unreadable, or not committed. */
  drafts?: Readonly<Record<string, string>>;
  /** Reports each text that is not the value of its field, or undefined once it is. */
  onText?: (name: string, text: string | undefined) => void;
  /** Suggestions for inputs, which take a path or a name. */
  inputs?: IInputs;
  /** Returns a row in place of the field of an argument. */
  rowOf?: (argument: IArgument) => ReactNode;
  /** Returns what is shown beside the name of an argument. */
  asideOf?: (argument: IArgument) => ReactNode;
}

/** Names of data, and a way to add more. */
export interface IInputs {
  names: readonly string[];
  /** A control beside the field to add a file; it reports the file's name. */
  bring: (argument: IArgument, onName: (name: string) => void) => ReactNode;
}

/** Return the arguments that a form asks for. */
export function fieldsOf(all: readonly IArgument[]): IArgument[] {
  return all.filter(argument => argument.role !== 'output');
}

/** The arguments of an executable as typed fields: a value, or a workflow parameter. */
export function ArgumentForm(props: IArgumentFormProps): JSX.Element {
  const fields = fieldsOf(props.arguments);
  if (!fields.length) {
    return (
      <p className="nby-Field-help">
        {props.trans.__('There are no inputs or parameters to set.')}
      </p>
    );
  }
  return (
    <div className="nby-Form">
      {fields.map(argument => (
        <Fragment key={argument.name}>
          {props.rowOf?.(argument) ?? <ArgumentField argument={argument} {...props} />}
        </Fragment>
      ))}
    </div>
  );
}

type FieldProps = IArgumentFormProps & { argument: IArgument };

function ArgumentField(props: FieldProps): JSX.Element {
  const { argument, bindings, connected, errors, readOnly, trans, onChange } = props;
  const { name } = argument;
  const binding = bindings[name];
  const source = connected?.[name];
  const isSecret = argument.role === 'value' && argument.type === 'secret';
  const credentials = useCredentials(isSecret && source === undefined);
  if (source !== undefined) {
    return (
      <div className="nby-Field">
        <div className="nby-Field-head">
          <span className="nby-Field-name">{name}</span>
          <span className="nby-Field-note">{trans.__('connected')}</span>
          {props.asideOf?.(argument)}
        </div>
        <div className="nby-Field-source">← {source}</div>
      </div>
    );
  }
  const bound = binding && 'parameter' in binding ? binding.parameter : undefined;
  const inputs = argument.role === 'input' ? props.inputs : undefined;
  const aside = inputs ? (
    inputs.bring(argument, value => onChange(name, { value }))
  ) : (
    <>
      {props.asideOf?.(argument)}
      <BindingChoice {...props} bound={bound} />
    </>
  );
  if (bound !== undefined) {
    const parameter = props.parameters?.[bound];
    return (
      <div className="nby-Field">
        <div className="nby-Field-head">
          <span className="nby-Field-name">{name}</span>
          {aside}
        </div>
        <div className="nby-Field-source">
          {parameter
            ? trans.__('current value: %1', showValue(parameter.default) || '–')
            : trans.__('The workflow no longer has the parameter “%1”.', bound)}
        </div>
        {errors?.[name] && <div className="nby-Field-error">{errors[name]}</div>}
      </div>
    );
  }
  return (
    <ValueField
      label={name}
      type={isSecret ? 'choice' : argument.role === 'value' ? argument.type : 'string'}
      value={binding && 'value' in binding ? binding.value : undefined}
      fallback={argument.role === 'input' ? undefined : argument.default}
      first={argument.default}
      choices={isSecret ? withChosen(credentials, binding) : argument.choices}
      suggestions={inputs?.names}
      help={helpOf(argument, trans, !!inputs)}
      error={errors?.[name]}
      required={argument.required}
      readOnly={readOnly}
      trans={trans}
      aside={aside}
      draft={props.drafts?.[name]}
      onText={text => props.onText?.(name, text)}
      onUnread={(why, text) => props.onUnread?.(name, why, text)}
      onChange={value => onChange(name, value === undefined ? undefined : { value })}
    />
  );
}

/** Include the chosen name even if the credential no longer exists. */
function withChosen(names: readonly string[], binding: Binding | undefined): readonly Json[] {
  const chosen = binding && 'value' in binding ? binding.value : undefined;
  const isGone = chosen !== undefined && !names.includes(String(chosen));
  return isGone ? [...names, chosen] : names;
}

function BindingChoice({
  argument,
  bound,
  parameters,
  readOnly,
  trans,
  onChange
}: FieldProps & { bound?: string }): JSX.Element | null {
  const names = Object.entries(parameters ?? {})
    .filter(([, parameter]) => argument.role !== 'value' || parameter.type === argument.type)
    .map(([name]) => name);
  if (bound !== undefined && !names.includes(bound)) {
    names.push(bound);
  }
  if (!names.length) {
    return null;
  }
  return (
    <select
      className="nby-Field-binding"
      aria-label={trans.__('Source of “%1”', argument.name)}
      disabled={readOnly}
      value={bound ?? ''}
      onChange={event =>
        onChange(argument.name, event.target.value ? { parameter: event.target.value } : undefined)
      }
    >
      <option value="">{trans.__('own value')}</option>
      {names.map(name => (
        <option key={name} value={name}>
          {trans.__('workflow: %1', name)}
        </option>
      ))}
    </select>
  );
}

function helpOf(
  argument: IArgument,
  trans: TranslationBundle,
  isAlone: boolean
): string | undefined {
  if (argument.role === 'input') {
    const file = argument.format
      ? trans.__('%1 file', argument.format.toUpperCase())
      : trans.__('File');
    // without a canvas there are no connections
    const what = isAlone
      ? trans.__('%1: path, dataset or artifact', file)
      : trans.__('%1: draw a connection, or enter a path', file);
    // a default is only a text to the code: nothing checks that such a file exists
    const usual = argument.default !== undefined && showValue(argument.default);
    const otherwise = usual && trans.__('if empty: %1', usual);
    return [argument.help, what, otherwise].filter(Boolean).join(' · ');
  }
  if (argument.type === 'secret') {
    return [argument.help, trans.__('the name of a credential')].filter(Boolean).join(' · ');
  }
  return argument.help || undefined;
}
