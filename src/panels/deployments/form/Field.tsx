import { TranslationBundle } from '@jupyterlab/translation';
import { FormField, Port } from '../../../api/types';
import { FieldFrame, ResetButton, SuggestedInput } from '../../../forms/FieldFrame';
import { labelOf, Problems, fieldText, Typed } from './draft';
import { PortsField } from './PortsField';

/** The element that gets the focus after a refusal. */
export const WRONG = '[aria-invalid="true"], [data-wrong="true"]';

interface IFieldProps {
  field: FormField;
  value: Typed | undefined;
  /** The value without input, shown as a value but not sent. */
  fallback?: unknown;
  /** The placeholder of the empty field. */
  hint?: string;
  /** Whether the fallback is the saved value, which may be emptied. */
  isSaved?: boolean;
  /** Suggestions while the user types. */
  suggestions?: readonly string[];
  error?: string;
  /** Messages by path, also for parts of the field. */
  errors?: Problems;
  withHelp: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the fallback. */
  onChange: (value: Typed | undefined) => void;
}

/** One field of a deployment's form, by its kind. */
export function Field(props: IFieldProps): JSX.Element {
  const { field, value, fallback, hint, isSaved, suggestions, error, withHelp, trans } = props;
  const { onChange } = props;
  const { kind, is_required } = field;
  const help = withHelp ? field.help : undefined;
  const fallen = fieldText(field, isSaved ? fallback : (fallback ?? field.default));
  const label = labelOf(field);
  const reset = () => onChange(undefined);
  const frame = {
    label,
    help,
    error,
    required: is_required,
    aside: <Mark {...{ label, value, fallen, isSaved, kind, trans }} onReset={reset} />
  };
  if (kind === 'ports') {
    const ports = (value ?? fallen) as readonly Port[];
    const { errors = {} } = props;
    return <PortsField {...frame} {...{ ports, errors, trans, onChange }} />;
  }
  const lines: Record<string, string> = {
    'long text': '',
    words: trans.__('One word per line'),
    pairs: trans.__('One NAME=VALUE per line')
  };
  const text = (value ?? fallen) as string;
  const control = {
    className: 'jp-mod-styled',
    value: text,
    onChange: ({ target }: { target: { value: string } }) => onChange(target.value),
    // an empty field has the default
    onBlur: () => !text && fallen && (!isSaved || kind === 'number') && onChange(undefined)
  };
  return (
    <FieldFrame {...frame} trans={trans}>
      {attributes =>
        kind in lines ? (
          <textarea
            {...attributes}
            {...control}
            rows={Math.min(8, Math.max(2, text.split('\n').length))}
            spellCheck={kind === 'long text'}
            placeholder={lines[kind]}
          />
        ) : (
          <SuggestedInput
            {...attributes}
            {...control}
            type={kind === 'password' ? 'password' : 'text'}
            autoComplete={kind === 'password' ? 'new-password' : 'off'}
            inputMode={kind === 'number' ? 'decimal' : 'text'}
            spellCheck={false}
            suggestions={suggestions}
            placeholder={hint}
          />
        )
      }
    </FieldFrame>
  );
}

interface IMarkProps {
  label: string;
  value: Typed | undefined;
  fallen: Typed;
  isSaved?: boolean;
  kind: FormField['kind'];
  trans: TranslationBundle;
  onReset: () => void;
}

/** Shows whether a value is the default or changed, and resets it. */
function Mark(props: IMarkProps): JSX.Element | null {
  const { label, value, fallen, isSaved, kind, trans, onReset } = props;
  const isEmpty = !fallen.length;
  const isChanged = value !== undefined && value !== fallen && (isSaved || value !== '');
  if (kind === 'ports' || kind === 'password' || !(isSaved ? isChanged : !isEmpty)) {
    return null;
  }
  if (!isChanged) {
    return <span className="nby-Field-note">{trans.__('default')}</span>;
  }
  const isLine = !isEmpty && (kind === 'text' || kind === 'number');
  return (
    <>
      <span className="nby-Field-note nby-mod-changed">
        {isLine ? trans.__('changed from %1', String(fallen)) : trans.__('changed')}
      </span>
      <ResetButton {...{ label, isSaved, trans, onReset }} />
    </>
  );
}
