import { useState } from 'react';
import { TranslationBundle } from '@jupyterlab/translation';
import { Resources } from '../../../api/types';
import { More } from '../../../components/More';
import { Json, JsonObject } from '../../../document/canonical';
import { LimitFields } from '../../../forms/limits/LimitFields';
import { IField } from '../../../forms/schema/field';
import { declaredFields } from '../../../forms/schema/fields';
import { Asker, usePicker } from '../../../forms/schema/pickers';
import { ValueField } from '../../../forms/ValueField';

interface IResourceFieldsProps {
  resources: Partial<Resources>;
  /** Messages of the server, by path. */
  errors: Readonly<Record<string, string>>;
  /** Searches environments and images. */
  client?: Asker;
  trans: TranslationBundle;
  onChange: (resources: Partial<Resources>) => void;
}

const PLACE = 'resources.';

/** The resources of nodes that set none; the rare ones closed at first. */
export function ResourceFields(props: IResourceFieldsProps): JSX.Element {
  const { resources, client, trans, onChange } = props;
  const errors = Object.fromEntries(
    Object.entries(props.errors)
      .filter(([path]) => path.startsWith(PLACE))
      .map(([path, text]) => [path.slice(PLACE.length), text])
  );
  const fields = resources as JsonObject;
  const set = (field: string, value: Json | undefined) => {
    const { [field]: _, ...rest } = fields;
    onChange((value === undefined ? rest : { ...rest, [field]: value }) as Partial<Resources>);
  };
  const [environment, ...others] = declaredFields('Resources', trans).filter(
    ({ kind }) => kind === 'text'
  );
  const text = (field: IField) => (
    <NameField
      key={field.name}
      field={field}
      value={fields[field.name] || undefined}
      error={errors[field.name]}
      client={props.client}
      trans={trans}
      onChange={value => set(field.name, value)}
    />
  );
  const isGiven = (value: unknown) => value !== undefined && value !== '' && value !== null;
  const isOpen = Object.values(fields).some(isGiven) || Object.keys(errors).length > 0;
  const isRareOpen = others.some(({ name }) => isGiven(fields[name] ?? errors[name]));
  return (
    <More summary={trans.__('Resources')} open={isOpen}>
      <div className="nby-Form">
        {text(environment)}
        <LimitFields
          {...{ fields, errors, trans }}
          askUse={client && (() => client.call('quotas.use', {}))}
          onChange={set}
        />
        <More summary={trans.__('Image and requirements')} open={isRareOpen}>
          {others.map(text)}
        </More>
      </div>
    </More>
  );
}

interface INameFieldProps {
  field: IField;
  value: Json | undefined;
  error?: string;
  client?: Asker;
  trans: TranslationBundle;
  onChange: (value: Json | undefined) => void;
}

/** A text, with names of the server that match it. */
function NameField({ field, client, ...rest }: INameFieldProps): JSX.Element {
  const { label, help, picker } = field;
  const [typed, setTyped] = useState<string>();
  const suggestions = usePicker(client, picker, typed ?? String(rest.value ?? ''));
  return <ValueField {...rest} {...{ label, help, suggestions }} type="string" onText={setTyped} />;
}
