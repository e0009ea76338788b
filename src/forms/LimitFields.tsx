import { TranslationBundle } from '@jupyterlab/translation';
import { showMemory } from '../components/format/bytes';
import { ValueType } from '../document/arguments';
import { Json, JsonObject } from '../document/canonical';
import { CacheField } from './CacheField';
import { RetryField } from './RetryField';
import { ValueField } from './ValueField';

interface ILimitFieldsProps {
  fields: JsonObject;
  /** Messages of the server, by field. */
  errors?: Readonly<Record<string, string>>;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the default. */
  onChange: (field: string, value: Json | undefined) => void;
  /** Reports an unreadable text with the reason, or undefined once it is readable. */
  onUnread?: (name: string, why: string | undefined, text: string) => void;
  /** Unreadable texts from when the fields were last shown. */
  drafts?: Readonly<Record<string, string>>;
}

interface ILimit {
  key: string;
  label: string;
  type: ValueType;
  help?: string;
}

/** Resources, time limits and retries. */
export function LimitFields(props: ILimitFieldsProps): JSX.Element {
  const { fields, errors = {}, readOnly, trans, onChange } = props;
  const limits: ILimit[] = [
    { key: 'cpu', label: trans.__('CPUs'), type: 'float' },
    {
      key: 'gpu',
      label: trans.__('GPUs'),
      type: 'int',
      help: trans.__('The task waits for free GPUs and sees only these.')
    },
    { key: 'timeout_seconds', label: trans.__('Time limit in seconds'), type: 'float' },
    {
      key: 'silence_timeout_seconds',
      label: trans.__('Silence limit in seconds'),
      type: 'float',
      help: trans.__('Time since the last log line or finished cell.')
    },
    { key: 'queue_timeout_seconds', label: trans.__('Queue limit in seconds'), type: 'float' },
    {
      key: 'retries',
      label: trans.__('Retries'),
      type: 'int',
      help: trans.__('Retries after a failure. Lost attempts are always retried.')
    }
  ];
  return (
    <>
      {limits.map(({ key, ...limit }) => (
        <ValueField
          key={key}
          {...limit}
          value={fields[key] ?? undefined}
          error={errors[key]}
          readOnly={readOnly}
          trans={trans}
          draft={props.drafts?.[key]}
          onChange={value => onChange(key, value)}
          onUnread={(why, text) => props.onUnread?.(key, why, text)}
        />
      ))}
      <RetryField
        value={fields.retry_on}
        error={errors.retry_on}
        readOnly={readOnly}
        trans={trans}
        onChange={value => onChange('retry_on', value)}
      />
      <ValueField
        label={trans.__('Memory')}
        type="string"
        isSize
        help={trans.__('For example 512 MiB or 2 GiB.')}
        value={
          typeof fields.memory_bytes === 'number' ? showMemory(fields.memory_bytes) : undefined
        }
        error={errors.memory_bytes}
        readOnly={readOnly}
        trans={trans}
        draft={props.drafts?.memory_bytes}
        onChange={value => onChange('memory_bytes', value)}
        onUnread={(why, text) => props.onUnread?.('memory_bytes', why, text)}
      />
      <CacheField
        value={fields.cache}
        error={errors.cache}
        readOnly={readOnly}
        trans={trans}
        onChange={value => onChange('cache', value)}
      />
    </>
  );
}
