/** Fields of dialogs: a label with one line of text, or with a choice. */
import { TranslationBundle } from '@jupyterlab/translation';
import { FieldFrame, SuggestedInput } from '../../../forms/FieldFrame';

interface IInputProps {
  label: string;
  value: string;
  error?: string;
  trans: TranslationBundle;
  onChange: (value: string) => void;
}

interface ITextProps extends IInputProps {
  type?: 'text' | 'datetime-local';
  placeholder?: string;
  suggestions?: readonly string[];
}

export function TextField(props: ITextProps): JSX.Element {
  const { label, type, value, error, placeholder, suggestions, trans, onChange } = props;
  return (
    <FieldFrame label={label} error={error} trans={trans}>
      {control => (
        <SuggestedInput
          {...control}
          className="jp-mod-styled"
          type={type}
          autoComplete="off"
          spellCheck={false}
          placeholder={placeholder}
          suggestions={suggestions}
          value={value}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </FieldFrame>
  );
}

export function ChoiceField(
  props: IInputProps & { options: readonly (readonly string[])[] }
): JSX.Element {
  const { label, value, error, options, trans, onChange } = props;
  return (
    <FieldFrame label={label} error={error} trans={trans}>
      {control => (
        <select
          {...control}
          className="jp-mod-styled"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}
