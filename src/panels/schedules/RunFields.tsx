import { useEffect, useState } from 'react';
import { Binding, IArgument, showValue } from '../../document/arguments';
import { Json } from '../../document/canonical';
import { ArgumentForm, fieldsOf } from '../../forms/ArgumentForm';
import { useNames, useRuntimes } from '../../forms/runtimes';
import { RuntimeField } from '../../forms/ValuesForm';
import { useInputs } from '../artifacts/inputs';
import { Problems } from '../frame/dialogs/askUntilAccepted';
import { TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { IOffered } from './code';
import { IScheduleDraft } from './draft';

const VALUES = 'run.parameters.';
const SHOWN = ['run.runtime', 'run.environment', 'run.kernel', 'run.image'];

interface IRunFieldsProps {
  services: IPanelServices;
  offered: IOffered;
  shown: IScheduleDraft;
  /** The values that the messages are about. */
  sent: IScheduleDraft;
  problems: Problems;
  errorOf: (name: keyof IScheduleDraft) => string | undefined;
  change: (part: Partial<IScheduleDraft>) => void;
  onUnread: (at: string, why: string | undefined, text: string) => void;
}

/** The values of a schedule's runs, and where their nodes run. */
export function RunFields(props: IRunFieldsProps): JSX.Element {
  const { offered, shown, problems, errorOf, change } = props;
  const { trans } = props.services;
  const [read, setRead] = useState<readonly IArgument[]>();
  useEffect(() => void offered.fields.then(setRead), [offered]);
  const runtimes = useRuntimes(offered.runtimes, shown.runtime);
  const environments = useNames(offered.environments, '');
  const kernels = useNames(offered.kernels, '');
  const images = useNames(offered.images, '');
  const fields = read && withStored(fieldsOf(read), shown.values);
  const shownAt = new Set(fields?.map(({ name }) => VALUES + name));
  const others = Object.keys(problems).filter(
    at => at.startsWith('run.') && !shownAt.has(at) && !SHOWN.includes(at)
  );
  const nameField = (
    name: 'environment' | 'kernel' | 'image',
    label: string,
    suggestions: readonly string[],
    help?: string
  ) => (
    <TextField
      label={label}
      help={help}
      placeholder={trans.__('set by each node')}
      value={shown[name]}
      suggestions={suggestions}
      error={errorOf(name)}
      trans={trans}
      onChange={value => change({ [name]: value })}
    />
  );
  return (
    <>
      {fields &&
        others.map(at => (
          <p key={at} role="alert" className="nby-Field-error">
            {`${at.slice(4)}: ${problems[at]}`}
          </p>
        ))}
      {!!fields?.length && <Values {...props} fields={fields} />}
      <RuntimeField
        runtimes={runtimes}
        value={shown.runtime}
        error={errorOf('runtime')}
        trans={trans}
        onChange={runtime => change({ runtime })}
      />
      {nameField('environment', trans.__('Environment'), environments)}
      {nameField(
        'kernel',
        trans.__('Kernel'),
        kernels,
        trans.__('Used by notebooks in local processes.')
      )}
      {nameField('image', trans.__('Image'), images, trans.__('For runs in containers.'))}
    </>
  );
}

function Values(props: IRunFieldsProps & { fields: readonly IArgument[] }): JSX.Element {
  const { services, fields, shown, sent, problems, change, onUnread } = props;
  const inputs = useInputs(services);
  const errorAt = (name: string) =>
    shown.values[name] === sent.values[name] && !sent.unread[VALUES + name]
      ? problems[VALUES + name]
      : undefined;
  const of = <T,>(valueOf: (field: IArgument) => T | undefined) =>
    Object.fromEntries(fields.map(field => [field.name, valueOf(field)]));
  return (
    <ArgumentForm
      arguments={fields}
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
