import { TranslationBundle } from '@jupyterlab/translation';
import { KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { readBytes } from '../components/format/bytes';
import { parseValue, ParseProblem, showValue, ValueType } from '../document/arguments';
import { Json } from '../document/canonical';
import { FieldFrame, IFieldControl, ResetButton, SuggestedInput } from './FieldFrame';

export interface IValueFieldProps {
  label: string;
  type: ValueType;
  value: Json | undefined;
  /** A size, shown with units and stored in bytes. */
  isSize?: boolean;
  /** The value without input; shown as a value, not stored. */
  fallback?: Json;
  /** What applies to an empty field. */
  placeholder?: string;
  choices?: readonly Json[];
  /** Suggestions while the user types. */
  suggestions?: readonly string[];
  help?: string;
  /** A message of the server, shown below the field. */
  error?: string;
  required?: boolean;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the default. */
  onChange: (value: Json | undefined) => void;
  /** Reports an unreadable text with the reason, or undefined once it is readable. */
  onUnread?: (why: string | undefined, text: string) => void;
  /** A text from when the field was last shown: unreadable, or not committed. */
  draft?: string;
  /** Reports each text that is not the value, or undefined once it is. */
  onText?: (text: string | undefined) => void;
  /** The default of a field that shows it in its help. */
  first?: Json;
  /** Shown beside the label, for example how the value is bound. */
  aside?: React.ReactNode;
}

type Unread = ParseProblem | 'size';

/** One typed value, with an error message below the field. */
export function ValueField(props: IValueFieldProps): JSX.Element {
  const { label, value, help, trans, required, readOnly, onChange, onUnread } = props;
  const [problem, setOwn] = useState(() => problemOf(props, props.draft));
  const [typed, setTyped] = useState(props.draft);
  const [resets, setResets] = useState(0);
  const tell = useRef(onUnread);
  tell.current = onUnread;
  const setProblem = useCallback(
    (unread: Unread | undefined, text = '') => {
      setOwn(unread);
      tell.current?.(unread && problemText(unread, trans), text);
    },
    [trans]
  );
  const error = problem ? problemText(problem, trans) : props.error;
  const reset = () => {
    setProblem(undefined);
    setResets(resets + 1);
    onChange(undefined);
  };
  const shown = typed ?? (value === undefined ? undefined : showValue(value));
  const isGiven =
    !!problem || (shown !== undefined && shown !== showValue(props.fallback ?? props.first));
  const usual = props.type === 'choice' ? '' : showValue(props.fallback);
  const aside = (
    <>
      {usual && (
        <span className={`nby-Field-note${isGiven ? ' nby-mod-changed' : ''}`}>
          {isGiven ? trans.__('changed from %1', usual) : trans.__('default')}
        </span>
      )}
      {props.aside}
      {isGiven && !readOnly && <ResetButton label={label} trans={trans} onReset={reset} />}
    </>
  );
  return (
    <FieldFrame {...{ label, help, error, required, trans, aside }}>
      {field => {
        const onText = (text: string | undefined) => {
          setTyped(text);
          props.onText?.(text);
        };
        const control = { ...props, field, onText, onProblem: setProblem };
        return props.type === 'bool' || props.type === 'choice' ? (
          <Choice {...control} />
        ) : (
          <Text key={resets} {...control} draft={resets ? undefined : props.draft} />
        );
      }}
    </FieldFrame>
  );
}

interface IControl extends IValueFieldProps {
  field: IFieldControl;
  onProblem: (problem: Unread | undefined, text?: string) => void;
}

function Choice(props: IControl): JSX.Element {
  const { field, type, value, fallback, trans, onChange } = props;
  const offered: readonly Json[] = type === 'bool' ? [true, false] : (props.choices ?? []);
  // a stored value that is not offered, such as null, is not the default
  const choices = value === undefined || offered.includes(value) ? offered : [...offered, value];
  const index = choices.findIndex(choice => choice === value);
  const nameOf = (choice: Json) => (choice === null ? trans.__('none') : showValue(choice));
  const unset = fallback === undefined ? '' : trans.__('default: %1', nameOf(fallback));
  return (
    <select
      id={field.id}
      className="jp-mod-styled"
      disabled={props.readOnly}
      aria-invalid={field['aria-invalid']}
      aria-describedby={field['aria-describedby']}
      value={index}
      onChange={event => onChange(choices[Number(event.target.value)])}
    >
      <option value={-1}>{unset}</option>
      {choices.map((choice, position) => (
        <option key={position} value={position}>
          {nameOf(choice)}
        </option>
      ))}
    </select>
  );
}

function Text(props: IControl): JSX.Element {
  const { type, value, fallback, draft, onChange, onProblem, onText } = props;
  const given = showValue(value === undefined ? fallback : value);
  const [text, setText] = useState(draft ?? given);
  const shown = useRef(given);
  useEffect(() => {
    if (shown.current !== given) {
      shown.current = given;
      setText(given);
      onProblem(undefined);
    }
  }, [given, onProblem]);

  const commit = () => {
    if (text === given) {
      onProblem(undefined);
      return;
    }
    if ((!text && (type !== 'string' || !fallback)) || text === showValue(fallback)) {
      onProblem(undefined);
      setText(showValue(fallback));
      onChange(undefined);
      return;
    }
    const read = readText(props, text);
    if ('problem' in read) {
      onProblem(read.problem, text);
    } else {
      onProblem(undefined);
      onChange(read.value);
    }
  };
  useEffect(() => {
    if (draft !== undefined) {
      commit(); // the form may be sent before the field has the focus
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the draft is for the first display
  }, []);
  useEffect(() => {
    onText?.(text === given ? undefined : text);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- it differs with each display
  }, [text, given]);
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement | HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && !(event.shiftKey && type === 'json')) {
      const { form } = event.currentTarget;
      if (form || !(event.ctrlKey || event.metaKey)) {
        event.preventDefault(); // otherwise a command handles these keys in the next listener
      }
      commit();
      form?.requestSubmit();
    } else if (event.key === 'Escape') {
      setText(given);
      onProblem(undefined);
    }
  };
  const field = {
    ...props.field,
    className: 'jp-mod-styled',
    readOnly: props.readOnly,
    placeholder: props.placeholder,
    spellCheck: false,
    value: text,
    onBlur: commit,
    onKeyDown
  };
  return type === 'json' ? (
    <textarea {...field} rows={2} onChange={event => setText(event.target.value)} />
  ) : (
    <SuggestedInput
      {...field}
      type={inputType(type, text)}
      suggestions={props.suggestions}
      inputMode={type === 'int' ? 'numeric' : /float|decimal/.test(type) ? 'decimal' : 'text'}
      onChange={event => setText(event.target.value)}
    />
  );
}

/** Return the type of the input. Browsers show no zones and fractions, so such a text stays one. */
function inputType(type: ValueType, text: string): string {
  const isLocal = type === 'datetime' && /^([-\d]+T[\d:]+)?$/.test(text);
  return isLocal ? 'datetime-local' : type === 'date' || type === 'time' ? type : 'text';
}

function readText(
  { type, isSize }: IValueFieldProps,
  text: string
): { value: Json } | { problem: Unread } {
  if (!isSize) {
    return parseValue(type, text);
  }
  const value = readBytes(text);
  return value === undefined ? { problem: 'size' } : { value };
}

function problemOf(field: IValueFieldProps, text: string | undefined): Unread | undefined {
  const read = text === undefined ? undefined : readText(field, text);
  return read && 'problem' in read ? read.problem : undefined;
}

export function problemText(problem: Unread, trans: TranslationBundle): string {
  switch (problem) {
    case 'int':
      return trans.__('Enter a whole number.');
    case 'float':
      return trans.__('Enter a number.');
    case 'list':
      return trans.__('Enter a JSON list, for example [1, 2].');
    case 'json':
      return trans.__('Enter valid JSON.');
    case 'size':
      return trans.__('Enter a size, for example 512 MiB.');
    case 'range':
      return trans.__('This number is too large.');
  }
}
