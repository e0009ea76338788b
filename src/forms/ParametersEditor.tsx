import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { LinkButton } from '../components/Button';
import { IParameter, Parameters, VALUE_TYPES, ValueType } from '../document/arguments';
import { ValueField } from './ValueField';

export interface IParametersEditorProps {
  parameters: Parameters;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` removes the parameter. */
  onChange: (name: string, parameter: IParameter | undefined) => void;
  /** Reports an unreadable default with the reason, or undefined once it is readable. */
  onUnread?: (name: string, why: string | undefined, text: string) => void;
  /** Unreadable texts from when the fields were last shown. */
  drafts?: Readonly<Record<string, string>>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** The parameters of a workflow: declared once, bound to values of nodes, set for each run. */
export function ParametersEditor(props: IParametersEditorProps): JSX.Element {
  const { parameters, readOnly, trans, onChange } = props;
  return (
    <div className="nby-Form">
      {Object.entries(parameters).map(([name, parameter]) => (
        <fieldset key={name} className="nby-Parameter">
          <legend>
            {name} <span className="nby-Mark">{parameter.type}</span>
          </legend>
          <ValueField
            label={trans.__('Default')}
            type={parameter.type}
            value={parameter.default}
            choices={parameter.choices}
            readOnly={readOnly}
            trans={trans}
            draft={props.drafts?.[name]}
            onChange={value => onChange(name, withDefault(parameter, value))}
            onUnread={(why, text) => props.onUnread?.(name, why, text)}
          />
          {!readOnly && (
            <LinkButton onClick={() => onChange(name, undefined)}>
              {trans.__('Remove “%1”', name)}
            </LinkButton>
          )}
        </fieldset>
      ))}
      {!readOnly && <NewParameter {...props} />}
    </div>
  );
}

function withDefault(parameter: IParameter, value: IParameter['default']): IParameter {
  const { default: _, ...rest } = parameter;
  return value === undefined ? rest : { ...rest, default: value };
}

function NewParameter({ parameters, trans, onChange }: IParametersEditorProps): JSX.Element {
  const [name, setName] = useState('');
  const [type, setType] = useState<ValueType>('string');
  const problem =
    name in parameters
      ? trans.__('“%1” already exists.', name)
      : name && !NAME.test(name)
        ? trans.__('Use letters, digits and _. Start with a letter or _.')
        : '';
  return (
    <form
      className="nby-Parameter-new"
      onSubmit={event => {
        event.preventDefault();
        if (name && !problem) {
          onChange(name, { type });
          setName('');
        }
      }}
    >
      <input
        className="jp-mod-styled"
        aria-label={trans.__('Name of a new parameter')}
        aria-invalid={!!problem}
        placeholder={trans.__('new parameter')}
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Type of the new parameter')}
        value={type}
        onChange={event => setType(event.target.value as ValueType)}
      >
        {VALUE_TYPES.filter(offered => offered !== 'choice').map(offered => (
          <option key={offered}>{offered}</option>
        ))}
      </select>
      <button type="submit" className="nby-Button" disabled={!name || !!problem}>
        {trans.__('Add')}
      </button>
      {problem && <div className="nby-Field-error">{problem}</div>}
    </form>
  );
}
