import { useEffect, useState } from 'react';
import { Binding, IArgument, showValue } from '../../../document/arguments';
import { Json } from '../../../document/canonical';
import { ArgumentForm, fieldsOf } from '../../../forms/ArgumentForm';
import { Problems } from '../../../forms/schema/fields';
import { useInputs } from '../../artifacts/inputs';
import { IPanelServices } from '../../frame/services';
import { IAutomationDraft } from './draft';
import { IOffered } from './offered';
import { Refusal } from '../../../components/text/messages';

const VALUES = 'run.parameters.';

interface IParameterFieldsProps {
  services: IPanelServices;
  offered: IOffered;
  /** The present values, and those that are shown. */
  draft: IAutomationDraft;
  shown: IAutomationDraft;
  problems: Problems;
  /** Reports a change of the parameter at this path. */
  onChange: (part: Partial<IAutomationDraft>, path: string) => void;
}

/** The values of parameters and inputs of an automation's runs. */
export function ParameterFields(props: IParameterFieldsProps): JSX.Element | null {
  const { offered, shown, problems } = props;
  const [read, setRead] = useState<readonly IArgument[]>();
  useEffect(() => void offered.fields.then(setRead), [offered]);
  if (!read) {
    return null;
  }
  const fields = withStored(fieldsOf(read), shown.values);
  const paths = fields.map(({ name }) => VALUES + name);
  const others = Object.keys(problems).filter(
    path => path.startsWith(VALUES) && !paths.includes(path)
  );
  return (
    <>
      {others.map(path => (
        <Refusal key={path}>{`${path.slice(VALUES.length)}: ${problems[path]}`}</Refusal>
      ))}
      {!!fields.length && <Values {...props} fields={fields} />}
    </>
  );
}

function Values(props: IParameterFieldsProps & { fields: readonly IArgument[] }): JSX.Element {
  const { services, draft, shown, problems, fields, onChange } = props;
  const inputs = useInputs(services);
  const of = <T,>(valueOf: (field: IArgument) => T | undefined) =>
    Object.fromEntries(fields.map(field => [field.name, valueOf(field)]));
  return (
    <ArgumentForm
      arguments={fields}
      inputs={inputs}
      bindings={of(field => bindingOf(field, shown.values[field.name]))}
      errors={of(({ name }) => problems[VALUES + name]) as Record<string, string>}
      drafts={of(({ name }) => shown.unread[VALUES + name]?.text) as Record<string, string>}
      trans={services.trans}
      onChange={(name, binding) => {
        const { [name]: _, ...values } = draft.values;
        const given = binding && 'value' in binding && { [name]: binding.value };
        onChange({ values: { ...values, ...given } }, VALUES + name);
      }}
      onUnread={(name, why, text) => {
        const path = VALUES + name;
        const { [path]: known, ...unread } = draft.unread;
        if (why !== undefined) {
          onChange({ unread: { ...unread, [path]: { text, why } } }, path);
        } else if (known) {
          onChange({ unread }, path);
        }
      }}
    />
  );
}

/** Include stored values whose parameters are gone or unknown, so that they can be removed. */
function withStored(
  fields: readonly IArgument[],
  values: Readonly<Record<string, Json>>
): readonly IArgument[] {
  const known = new Set(fields.map(({ name }) => name));
  const others = Object.keys(values).filter(name => !known.has(name));
  const plain = { role: 'value', format: '' } as const;
  return [
    ...fields,
    ...others.map(name => {
      const type = typeof values[name] === 'string' ? ('string' as const) : ('json' as const);
      return { name, type, ...plain };
    })
  ];
}

/** Return the value for a field; a text from a shell as the choice that it means. */
function bindingOf({ type, choices }: IArgument, value: Json | undefined): Binding | undefined {
  if (value === undefined) {
    return undefined;
  }
  const offered = type === 'bool' ? [true, false] : type === 'choice' ? choices : undefined;
  return { value: offered?.find(choice => showValue(choice) === value) ?? value };
}
