/** Fields of dialogs: a label with one line of text, or with a choice. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import { FieldFrame, IFieldFrameProps, SuggestedInput } from '../../../forms/FieldFrame';

interface IInputProps extends Omit<IFieldFrameProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
}

export interface ITextProps extends IInputProps {
  type?: 'text' | 'datetime-local';
  inputMode?: 'decimal';
  placeholder?: string;
  suggestions?: readonly string[];
}

export function TextField(props: ITextProps): JSX.Element {
  const { type, inputMode, value, placeholder, suggestions, onChange, ...frame } = props;
  return (
    <FieldFrame {...frame}>
      {control => (
        <SuggestedInput
          {...control}
          className="jp-mod-styled"
          type={type}
          inputMode={inputMode}
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

export interface IChoiceProps extends IInputProps {
  /** Values with their labels. */
  options: readonly (readonly string[])[];
}

/** A choice of one value. */
export function ChoiceField(props: IChoiceProps): JSX.Element {
  const { value, options, onChange, ...frame } = props;
  return (
    <FieldFrame {...frame}>
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

interface ICacheProps {
  /** Whether each run ignores the cache. */
  force: boolean;
  trans: TranslationBundle;
  onChange: (force: boolean) => void;
}

/** A box that says whether automatic runs ignore the cache. */
export function CacheField({ force, trans, onChange }: ICacheProps): JSX.Element {
  const help = useId();
  return (
    <div className="nby-Field">
      <label>
        <input
          type="checkbox"
          aria-describedby={help}
          checked={force}
          onChange={({ target }) => onChange(target.checked)}
        />{' '}
        {trans.__('Run every node again')}
      </label>
      <div id={help} className="nby-Field-help">
        {trans.__(
          'Otherwise, unchanged nodes come from the cache, even if a database or web page that they read changed.'
        )}
      </div>
    </div>
  );
}
