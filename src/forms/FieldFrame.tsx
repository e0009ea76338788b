import { TranslationBundle } from '@jupyterlab/translation';
import { ComponentProps, MouseEvent, ReactNode, useId } from 'react';
import { flushSync } from 'react-dom';
import { LinkButton } from '../components/Button';
import { FieldError } from '../components/text/messages';

interface IFieldFrameProps {
  label: string;
  help?: string;
  error?: string;
  required?: boolean;
  trans: TranslationBundle;
  /** Shown beside the label. */
  aside?: ReactNode;
  children: (control: IFieldControl) => ReactNode;
}

/** The attributes that connect a control to its label and its messages. */
export interface IFieldControl {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
  'aria-required': boolean | undefined;
}

/** A label above a control; below it help and an error message. */
export function FieldFrame(props: IFieldFrameProps): JSX.Element {
  const { label, help, error, required, trans, aside, children } = props;
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={`nby-Field${error ? ' nby-mod-invalid' : ''}`}>
      <div className="nby-Field-head">
        <label htmlFor={id}>
          {label}
          {required && <abbr title={trans.__('required')}>*</abbr>}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-invalid': !!error,
        'aria-describedby': described || undefined,
        'aria-required': required || undefined
      })}
      {help && (
        <div id={`${id}-help`} className="nby-Field-help">
          {help}
        </div>
      )}
      <FieldError id={`${id}-error`}>{error}</FieldError>
    </div>
  );
}

interface IResetButtonProps {
  /** The label of the field. */
  label: string;
  /** Whether the field gets its saved value, instead of its default. */
  isSaved?: boolean;
  trans: TranslationBundle;
  onReset: () => void;
}

/** Resets a field and focuses its control, because the button then disappears. */
export function ResetButton({ label, isSaved, trans, onReset }: IResetButtonProps): JSX.Element {
  const description = isSaved
    ? trans.__('Reset “%1” to its saved value', label)
    : trans.__('Reset “%1” to its default', label);
  const reset = ({ currentTarget }: MouseEvent) => {
    const field = currentTarget.closest('.nby-Field');
    flushSync(onReset); // the control may be replaced
    field?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  };
  return (
    <LinkButton title={description} onClick={reset}>
      {trans.__('Reset')}
    </LinkButton>
  );
}

interface ISuggestedInputProps extends Omit<ComponentProps<'input'>, 'list'> {
  /** Suggestions while the user types. */
  suggestions?: readonly string[];
}

/** A line of text with suggestions. */
export function SuggestedInput({ suggestions, ...input }: ISuggestedInputProps): JSX.Element {
  const list = `${useId()}-list`;
  return (
    <>
      <input {...input} list={suggestions?.length ? list : undefined} />
      {!!suggestions?.length && (
        <datalist id={list}>
          {suggestions.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}
