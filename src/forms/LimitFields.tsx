import { TranslationBundle } from '@jupyterlab/translation';
import { showMemory } from '../components/format/bytes';
import { More } from '../components/More';
import { ValueType } from '../document/arguments';
import { Json, JsonObject } from '../document/canonical';
import { CacheField } from './CacheField';
import { RetryField } from './RetryField';
import { ValueField } from './ValueField';

interface ILimitFieldsProps {
  fields: JsonObject;
  /** Messages of the server, by field. */
  errors?: Readonly<Record<string, string>>;
  /** What applies to empty fields, if an executable sets it. */
  usual?: { cpu?: number | null; gpu?: number | null; memory_bytes?: number | null };
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
  isSize?: boolean;
  help?: string;
  placeholder?: string;
}

/** Resources in one row; time limits, retries and the cache below, closed at first. */
export function LimitFields(props: ILimitFieldsProps): JSX.Element {
  const { fields, errors = {}, usual = {}, readOnly, trans, onChange } = props;
  const memory = usual.memory_bytes ? showMemory(usual.memory_bytes) : trans.__('no limit');
  const resources: ILimit[] = [
    { key: 'cpu', label: trans.__('CPUs'), type: 'float', placeholder: `${usual.cpu ?? 1}` },
    { key: 'gpu', label: trans.__('GPUs'), type: 'int', placeholder: `${usual.gpu ?? 0}` },
    {
      key: 'memory_bytes',
      label: trans.__('Memory'),
      type: 'string',
      isSize: true,
      placeholder: memory
    }
  ];
  const limits: ILimit[] = [
    { key: 'timeout_seconds', label: trans.__('Timeout (seconds)'), type: 'float' },
    {
      key: 'silence_timeout_seconds',
      label: trans.__('Stop if silent for (seconds)'),
      type: 'float',
      help: trans.__('Time since the last log line or finished cell.')
    },
    {
      key: 'queue_timeout_seconds',
      label: trans.__('Give up queueing after (seconds)'),
      type: 'float'
    },
    {
      key: 'retries',
      label: trans.__('Retries'),
      type: 'int',
      help: trans.__('Retries after a failure. Lost attempts are always retried.')
    }
  ];
  const field = ({ key, ...limit }: ILimit) => (
    <ValueField
      key={key}
      {...limit}
      value={shown(fields[key], limit)}
      error={errors[key]}
      readOnly={readOnly}
      trans={trans}
      draft={props.drafts?.[key]}
      onChange={value => onChange(key, value)}
      onUnread={(why, text) => props.onUnread?.(key, why, text)}
    />
  );
  const later = [...limits.map(({ key }) => key), 'retry_on', 'cache'];
  const isOpen = later.some(
    key => (fields[key] ?? errors[key] ?? props.drafts?.[key]) !== undefined
  );
  return (
    <>
      <div className="nby-Fields">{resources.map(field)}</div>
      <p className="nby-Field-help nby-Fields-help">
        {trans.__('The task waits for free GPUs and sees only these. Memory: 512 MiB or 2 GiB.')}
      </p>
      <More summary={trans.__('Limits, retries and cache')} open={isOpen}>
        {limits.map(field)}
        <RetryField
          value={fields.retry_on}
          error={errors.retry_on}
          readOnly={readOnly}
          trans={trans}
          onChange={value => onChange('retry_on', value)}
        />
        <CacheField
          value={fields.cache}
          error={errors.cache}
          readOnly={readOnly}
          trans={trans}
          onChange={value => onChange('cache', value)}
        />
      </More>
    </>
  );
}

function shown(value: Json | undefined, { isSize }: { isSize?: boolean }): Json | undefined {
  if (isSize) {
    return typeof value === 'number' ? showMemory(value) : undefined;
  }
  return value ?? undefined;
}
