import { useEffect, useState } from 'react';
import { Binding, IArgument, showValue } from '../../../document/arguments';
import { Json } from '../../../document/canonical';
import { ArgumentForm, fieldsOf } from '../../../forms/ArgumentForm';
import { useNames, useRuntimes } from '../../../forms/runtimes';
import { RuntimeField } from '../../../forms/ValuesForm';
import { useInputs } from '../../artifacts/inputs';
import { DraftText, IFields } from './DraftFields';
import { FIELDS } from './draft';
import { IOffered } from './offered';

const VALUES = 'run.parameters.';
const SHOWN = Object.values(FIELDS);

interface IRunFieldsProps {
  fields: IFields;
  offered: IOffered;
}

/** The values of an automation's runs, and where their nodes run. */
export function RunFields({ fields, offered }: IRunFieldsProps): JSX.Element {
  const { services, shown, problems, errorOf, change } = fields;
  const { trans } = services;
  const [read, setRead] = useState<readonly IArgument[]>();
  useEffect(() => void offered.fields.then(setRead), [offered]);
  const runtimes = useRuntimes(offered.runtimes, shown.runtime);
  const environments = useNames(offered.environments, '');
  const kernels = useNames(offered.kernels, '');
  const images = useNames(offered.images, '');
  const values = read && withStored(fieldsOf(read), shown.values);
  const shownAt = new Set(values?.map(({ name }) => VALUES + name));
  const others = Object.keys(problems).filter(
    at => at.startsWith('run.') && !shownAt.has(at) && !SHOWN.includes(at)
  );
  const ofNodes = { fields, placeholder: trans.__('set by each node') };
  return (
    <>
      {values &&
        others.map(at => (
          <p key={at} role="alert" className="nby-Field-error">
            {`${at.slice(4)}: ${problems[at]}`}
          </p>
        ))}
      {!!values?.length && <Values fields={fields} values={values} />}
      <RuntimeField
        runtimes={runtimes}
        value={shown.runtime}
        error={errorOf('runtime')}
        trans={trans}
        onChange={runtime => change({ runtime })}
      />
      <DraftText
        {...ofNodes}
        name="environment"
        label={trans.__('Environment')}
        suggestions={environments}
      />
      <DraftText
        {...ofNodes}
        name="kernel"
        label={trans.__('Kernel')}
        help={trans.__('Used by notebooks in local processes.')}
        suggestions={kernels}
      />
      <DraftText
        {...ofNodes}
        name="image"
        label={trans.__('Image')}
        help={trans.__('For runs in containers.')}
        suggestions={images}
      />
    </>
  );
}

function Values(props: { fields: IFields; values: readonly IArgument[] }): JSX.Element {
  const { services, shown, sent, problems, change, onUnread } = props.fields;
  const inputs = useInputs(services);
  const errorAt = (name: string) =>
    shown.values[name] === sent.values[name] && !sent.unread[VALUES + name]
      ? problems[VALUES + name]
      : undefined;
  const of = <T,>(valueOf: (field: IArgument) => T | undefined) =>
    Object.fromEntries(props.values.map(field => [field.name, valueOf(field)]));
  return (
    <ArgumentForm
      arguments={props.values}
      inputs={inputs}
      bindings={of(field => bindingOf(field, shown.values[field.name]))}
      errors={of(({ name }) => errorAt(name)) as Record<string, string>}
      drafts={of(({ name }) => shown.unread[VALUES + name]?.text) as Record<string, string>}
      trans={services.trans}
      onChange={(name, binding) => {
        const { [name]: _, ...values } = shown.values;
        change({
          values: binding && 'value' in binding ? { ...values, [name]: binding.value } : values
        });
      }}
      onUnread={(name, why, text) => onUnread(VALUES + name, why, text)}
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
