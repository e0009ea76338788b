import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode, useId, useState } from 'react';
import { CheckBox, LinkButton } from '../../components/Button';
import { More } from '../../components/More';
import { FieldError, Refusal } from '../../components/text/messages';
import { FieldFrame, IFieldControl, ResetButton, SuggestedInput } from '../FieldFrame';
import { FieldKind, IField } from './field';
import { problemAt, Problems, Typed, typedValue, Values, visibleFields } from './fields';
import { Asker, usePicker } from './pickers';

/** What a widget of a form draws: the frame of the field, and its value. */
export interface IWidget {
  field: IField;
  /** The value, or the one that applies without input. */
  value: Typed;
  /** Messages by path, also about parts of the field. */
  problems: Problems;
  error?: string;
  onChange: (value: Typed | undefined) => void;
}

export interface ISchemaFormProps {
  fields: readonly IField[];
  values: Values;
  problems: Problems;
  trans: TranslationBundle;
  /** Searches what pickers offer. */
  client?: Asker;
  /** Draw fields of kinds that only this form has. */
  widgets?: Readonly<Partial<Record<FieldKind, (widget: IWidget) => ReactNode>>>;
  /** Shown below fields, by their names. */
  below?: Readonly<Record<string, ReactNode>>;
  /** Whether defaults are the saved values, which may be emptied. */
  isSaved?: boolean;
  /** Show all fields from the start. */
  isOpen?: boolean;
  /** `undefined` restores the default. */
  onChange: (name: string, value: Typed | undefined) => void;
}

/** Kinds with several lines, and with a number. */
const LINES = new Set<FieldKind>(['long text', 'words', 'pairs', 'facts']);
const NUMBERS = new Set<FieldKind>(['number', 'int', 'minutes', 'gigabytes']);
const WIDGETS: ISchemaFormProps['widgets'] = {
  box: widget => <Box {...widget} />,
  boxes: widget => <Boxes {...widget} />
};

/** A form that is drawn from a list of fields: those for everybody, and more on request. */
export function SchemaForm(props: ISchemaFormProps): JSX.Element {
  const { values, problems, trans, below = {}, isOpen, onChange } = props;
  const fields = visibleFields(props.fields, values);
  const rare = fields.filter(({ more }) => more);
  const draw = (field: IField) => (
    <FieldAndBelow
      key={[field.name, ...Object.values(field.when ?? {})].join(' ')}
      {...props}
      field={field}
      value={values[field.name]}
      below={below[field.name]}
      onChange={value => onChange(field.name, value)}
    />
  );
  const others = Object.keys(problems).filter(
    path => path && !fields.some(({ name }) => path === name || path.startsWith(`${name}.`))
  );
  return (
    <>
      {others.map(path => (
        <Refusal key={path}>{`${path}: ${problems[path]}`}</Refusal>
      ))}
      {fields.filter(({ more }) => !more).map(draw)}
      {!!rare.length && (
        <More
          summary={trans.__('More')}
          open={isOpen || rare.some(({ name }) => problemAt(problems, name))}
        >
          <div className="nby-More-fields">{rare.map(draw)}</div>
        </More>
      )}
    </>
  );
}

interface IFieldProps extends Omit<ISchemaFormProps, 'onChange' | 'below'> {
  field: IField;
  value: Typed | undefined;
  onChange: (value: Typed | undefined) => void;
}

function FieldAndBelow({ below, ...props }: IFieldProps & { below?: ReactNode }): JSX.Element {
  const { field, problems, onChange } = props;
  const error = problemAt(problems, field.name);
  const widget = { ...WIDGETS, ...props.widgets }[field.kind];
  const value = props.value ?? fallback(field);
  const drawn = widget ? (
    widget({ field, value, problems, error, onChange })
  ) : (
    <Framed {...props} error={error} />
  );
  return (
    <div className="nby-FieldGroup">
      {drawn}
      {below}
    </div>
  );
}

/** Return what applies to a field without input, as its widget has it. */
function fallback(field: IField): Typed {
  return typedValue(field, field.default);
}

/** A field with its label above it: a line, several lines, a number, a password or a choice. */
function Framed(props: IFieldProps & { error?: string }): JSX.Element {
  const { field, value, error, client, isSaved, trans, onChange } = props;
  const { kind, label, labels = {}, empty, placeholder } = field;
  const required = field.required && kind !== 'choice'; // a choice has a value
  const [isLong, setLong] = useState(field.isLong ?? LINES.has(kind));
  const shown = String(value ?? fallback(field));
  const suggestions = usePicker(client, field.picker, shown);
  const help = field.helps?.[shown] ?? field.help;
  const isHidden = kind === 'password';
  const aside = !isHidden ? (
    <Mark {...{ field, value, isSaved, trans, onChange }} />
  ) : (
    field.isLong !== undefined && (
      <LinkButton onClick={() => setLong(!isLong)}>
        {isLong ? trans.__('One Line') : trans.__('Several Lines')}
      </LinkButton>
    )
  );
  const draw = (control: IFieldControl) => {
    const given = {
      ...control,
      className: `jp-mod-styled${isHidden && isLong ? ' nby-mod-secret' : ''}`,
      autoComplete: isHidden && !isLong ? 'new-password' : 'off',
      value: shown,
      onChange: ({ target }: { target: { value: string } }) => onChange(target.value),
      // an empty field has the default
      onBlur: () =>
        !shown && fallback(field) && (!isSaved || kind === 'number') && onChange(undefined)
    };
    if (kind === 'choice') {
      const options = Object.entries({ ...(empty && { '': empty }), ...labels });
      return (
        <select {...given}>
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      );
    }
    return isLong ? (
      <textarea
        {...given}
        rows={Math.min(8, Math.max(isHidden ? 4 : 2, shown.split('\n').length))}
        spellCheck={kind === 'long text'}
        placeholder={placeholder}
      />
    ) : (
      <SuggestedInput
        {...given}
        type={isHidden ? 'password' : kind === 'moment' ? 'datetime-local' : 'text'}
        inputMode={NUMBERS.has(kind) ? 'decimal' : undefined}
        spellCheck={false}
        suggestions={suggestions}
        placeholder={placeholder}
        onFocus={({ target }) => field.isReplaced && target.select()}
      />
    );
  };
  return <FieldFrame {...{ label, help, error, required, trans, aside }}>{draw}</FieldFrame>;
}

type IMarkProps = Pick<IFieldProps, 'field' | 'value' | 'isSaved' | 'trans' | 'onChange'>;

/** Shows whether a value is the default or changed, and resets it. */
function Mark({ field, value, isSaved, trans, onChange }: IMarkProps): JSX.Element | null {
  const { kind, label } = field;
  const usual = fallback(field);
  const isChanged = value !== undefined && value !== usual && (isSaved || value !== '');
  if (!(isSaved ? isChanged : usual !== '')) {
    return null;
  }
  if (!isChanged) {
    return <span className="nby-Field-note">{trans.__('default')}</span>;
  }
  const isLine = usual !== '' && (kind === 'text' || kind === 'number');
  return (
    <>
      <span className="nby-Field-note nby-mod-changed">
        {isLine ? trans.__('changed from %1', String(usual)) : trans.__('changed')}
      </span>
      <ResetButton {...{ label, isSaved, trans }} onReset={() => onChange(undefined)} />
    </>
  );
}

type IBoxesProps = Pick<IWidget, 'field' | 'value' | 'error'> & {
  className?: string;
  readOnly?: boolean;
  onChange: (checked: string[]) => void;
};

/** Several values that are chosen by boxes. */
export function Boxes(props: IBoxesProps): JSX.Element {
  const { field, value, error, className = 'nby-Events', readOnly, onChange } = props;
  const chosen = value as readonly string[];
  return (
    <fieldset className={className}>
      <legend>{field.label}</legend>
      {Object.entries(field.labels ?? {}).map(([name, text]) => (
        <CheckBox
          key={name}
          disabled={readOnly}
          checked={chosen.includes(name)}
          onChange={checked =>
            onChange(checked ? [...chosen, name] : chosen.filter(other => other !== name))
          }
        >
          {text}
        </CheckBox>
      ))}
      <FieldError>{error}</FieldError>
    </fieldset>
  );
}

/** A statement that a box turns on or off. */
function Box({ field, value, error, onChange }: IWidget): JSX.Element {
  const help = useId();
  return (
    <div className="nby-Field">
      <CheckBox aria-describedby={field.help && help} checked={value === true} onChange={onChange}>
        {field.label}
      </CheckBox>
      {field.help && (
        <div id={help} className="nby-Field-help">
          {field.help}
        </div>
      )}
      <FieldError>{error}</FieldError>
    </div>
  );
}
