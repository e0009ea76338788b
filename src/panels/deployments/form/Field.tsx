import { TranslationBundle } from '@jupyterlab/translation';
import { FormField, Port } from '../../../api/types';
import { FieldFrame, SuggestedInput } from '../../../forms/FieldFrame';
import { labelOf, Problems, fieldText, Typed } from './draft';
import { PortsField } from './PortsField';

/** The element that gets the focus after a refusal. */
export const WRONG = '[aria-invalid="true"], [data-wrong="true"]';

interface IFieldProps {
  field: FormField;
  value: Typed | undefined;
  /** The value without input. */
  fallback?: unknown;
  /** Suggestions while the user types. */
  suggestions?: readonly string[];
  error?: string;
  /** Messages by path, also for parts of the field. */
  errors?: Problems;
  withHelp: boolean;
  trans: TranslationBundle;
  onChange: (value: Typed) => void;
}

/** One field of a deployment's form, by its kind. */
export function Field(props: IFieldProps): JSX.Element {
  const { field, value, fallback, suggestions, error, withHelp, trans, onChange } = props;
  const { kind, is_required } = field;
  const help = withHelp ? field.help : undefined;
  const frame = { label: labelOf(field), help, error, required: is_required };
  const fallen = fieldText(field, fallback ?? field.default);
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
  const text = (value ?? '') as string;
  return (
    <FieldFrame {...frame} trans={trans}>
      {control =>
        kind in lines ? (
          <textarea
            {...control}
            className="jp-mod-styled"
            rows={Math.min(8, Math.max(2, text.split('\n').length))}
            spellCheck={kind === 'long text'}
            placeholder={(fallen as string) || lines[kind]}
            value={text}
            onChange={event => onChange(event.target.value)}
          />
        ) : (
          <SuggestedInput
            {...control}
            className="jp-mod-styled"
            type={kind === 'password' ? 'password' : 'text'}
            autoComplete={kind === 'password' ? 'new-password' : 'off'}
            inputMode={kind === 'number' ? 'decimal' : 'text'}
            spellCheck={false}
            suggestions={suggestions}
            placeholder={fallen as string}
            value={text}
            onChange={event => onChange(event.target.value)}
          />
        )
      }
    </FieldFrame>
  );
}
