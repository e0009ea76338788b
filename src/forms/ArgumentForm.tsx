import { TranslationBundle } from '@jupyterlab/translation';
import { Binding, IArgument, Parameters } from '../document/arguments';
import { showValue } from '../document/arguments';
import { ValueField } from './ValueField';

export interface IArgumentFormProps {
  arguments: readonly IArgument[];
  /** By argument name; an argument without one takes its default. */
  bindings: Readonly<Record<string, Binding | undefined>>;
  /** Workflow parameters that an argument may be bound to; leave out where there are none. */
  parameters?: Parameters;
  /** Inputs that an arrow feeds, with the words to show for it. */
  connected?: Readonly<Record<string, string>>;
  /** What the server says, by argument name. */
  errors?: Readonly<Record<string, string>>;
  readOnly?: boolean;
  trans: TranslationBundle;
  onChange: (name: string, binding: Binding | undefined) => void;
  /** What was typed cannot be taken: why, or nothing once it can. */
  onUnread?: (name: string, why: string | undefined, text: string) => void;
  /** Such texts from when the fields were last shown. */
  drafts?: Readonly<Record<string, string>>;
}

/** The arguments of an executable as typed fields: a value of its own, or a workflow parameter. */
export function ArgumentForm(props: IArgumentFormProps): JSX.Element {
  const fields = props.arguments.filter(argument => argument.role !== 'output');
  if (!fields.length) {
    return <p className="nby-Field-help">{props.trans.__('There are no arguments to fill in.')}</p>;
  }
  return (
    <div className="nby-Form">
      {fields.map(argument => (
        <ArgumentField key={argument.name} argument={argument} {...props} />
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
  if (source !== undefined) {
    return (
      <div className="nby-Field">
        <div className="nby-Field-head">
          <span className="nby-Field-name">{name}</span>
        </div>
        <div className="nby-Field-source">← {source}</div>
      </div>
    );
  }
  const bound = binding && 'parameter' in binding ? binding.parameter : undefined;
  const aside = <BindingChoice {...props} bound={bound} />;
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
            ? trans.__('now %1', showValue(parameter.default) || '–')
            : trans.__('The workflow has no parameter “%1” any more.', bound)}
        </div>
        {errors?.[name] && <div className="nby-Field-error">{errors[name]}</div>}
      </div>
    );
  }
  return (
    <ValueField
      label={name}
      type={argument.role === 'value' ? argument.type : 'string'}
      value={binding && 'value' in binding ? binding.value : undefined}
      fallback={argument.default}
      choices={argument.choices}
      help={helpOf(argument, trans)}
      error={errors?.[name]}
      required={argument.required}
      readOnly={readOnly}
      trans={trans}
      aside={aside}
      draft={props.drafts?.[name]}
      onUnread={(why, text) => props.onUnread?.(name, why, text)}
      onChange={value => onChange(name, value === undefined ? undefined : { value })}
    />
  );
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
      aria-label={trans.__('Where “%1” comes from', argument.name)}
      disabled={readOnly}
      value={bound ?? ''}
      onChange={event =>
        onChange(argument.name, event.target.value ? { parameter: event.target.value } : undefined)
      }
    >
      <option value="">{trans.__('value')}</option>
      {names.map(name => (
        <option key={name} value={name}>
          {trans.__('parameter %1', name)}
        </option>
      ))}
    </select>
  );
}

function helpOf(argument: IArgument, trans: TranslationBundle): string | undefined {
  if (argument.role === 'input') {
    const file = argument.format ? trans.__('a %1 file', argument.format) : trans.__('a file');
    return [argument.help, trans.__('%1: draw an arrow, or give a path', file)]
      .filter(Boolean)
      .join(' · ');
  }
  return argument.help || undefined;
}
