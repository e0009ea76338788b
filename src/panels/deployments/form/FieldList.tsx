import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode, useState } from 'react';
import { FormField } from '../../../api/types';
import { isFirst, Problems, Typed, Values } from './draft';
import { Field } from './Field';

interface IFieldListProps {
  fields: readonly FormField[];
  values: Values;
  /** Values without input, by name, where they differ from the defaults. */
  fallbacks?: Readonly<Record<string, unknown>>;
  /** The placeholders of empty fields, by name. */
  hints?: Readonly<Record<string, string | undefined>>;
  /** Whether the fallbacks are the saved values. */
  isSaved?: boolean;
  images: readonly string[];
  problems: Problems;
  withHelp: boolean;
  /** Show all fields from the start. */
  isOpen?: boolean;
  trans: TranslationBundle;
  onChange: (name: string, value: Typed | undefined) => void;
  /** Shown below the first fields. */
  children?: ReactNode;
}

/** The fields of a deployment: a few for everybody, and more on request. */
export function FieldList(props: IFieldListProps): JSX.Element {
  const { fields, values, fallbacks = {}, images, problems, withHelp, trans, onChange } = props;
  const [isOpen, setOpen] = useState(!!props.isOpen);
  const draw = (field: FormField) => (
    <Field
      key={field.name}
      field={field}
      value={values[field.name]}
      fallback={fallbacks[field.name]}
      hint={props.hints?.[field.name]}
      isSaved={props.isSaved}
      suggestions={field.name === 'image' ? images : undefined}
      error={problems[field.name]}
      errors={problems}
      withHelp={withHelp}
      trans={trans}
      onChange={value => onChange(field.name, value)}
    />
  );
  const rest = fields.filter(field => !isFirst(field));
  const plain = rest.filter(({ is_advanced }) => !is_advanced);
  const advanced = rest.filter(({ is_advanced }) => is_advanced);
  const wrong = Object.keys(problems).filter(path => problems[path]);
  const isWrong = rest.some(({ name }) => wrong.some(path => path.split('.')[0] === name));
  return (
    <>
      {fields.filter(isFirst).map(draw)}
      {props.children}
      {!!rest.length && (
        <details
          className="nby-Deployment-more"
          open={isOpen || isWrong}
          onToggle={event => setOpen(event.currentTarget.open)}
        >
          <summary>{trans.__('More')}</summary>
          <div className="nby-Deployment-fields">{plain.map(draw)}</div>
          <div className="nby-Deployment-fields">{advanced.map(draw)}</div>
        </details>
      )}
    </>
  );
}

interface IHelpSwitchProps {
  isOn: boolean;
  trans: TranslationBundle;
  onChange: (isOn: boolean) => void;
}

export function HelpSwitch({ isOn, trans, onChange }: IHelpSwitchProps): JSX.Element {
  return (
    <label>
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        onChange={event => onChange(event.target.checked)}
      />{' '}
      {trans.__('Show help')}
    </label>
  );
}
