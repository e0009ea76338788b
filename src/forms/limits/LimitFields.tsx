import { TranslationBundle } from '@jupyterlab/translation';
import { showMemory } from '../../components/format/bytes';
import { More } from '../../components/More';
import { ValueType } from '../../document/arguments';
import { Json, JsonObject } from '../../document/canonical';
import { QuotaUse } from '../../api/types';
import { CacheField } from './CacheField';
import { QuotaLine } from './QuotaLine';
import { Boxes } from '../schema/SchemaForm';
import { IField } from '../schema/field';
import { declaredFields } from '../schema/fields';
import { ValueField } from '../ValueField';

interface ILimitFieldsProps {
  fields: JsonObject;
  /** Messages of the server, by field. */
  errors?: Readonly<Record<string, string>>;
  /** What applies to empty fields, if an executable sets it. */
  usual?: { cpu?: number | null; gpu?: number | null; memory_bytes?: number | null };
  readOnly?: boolean;
  /** Returns free GPUs and the user's quota. */
  askUse?: () => Promise<QuotaUse>;
  trans: TranslationBundle;
  /** `undefined` restores the default. */
  onChange: (field: string, value: Json | undefined) => void;
  /** Reports an unreadable text with the reason, or undefined once it is readable. */
  onUnread?: (name: string, why: string | undefined, text: string) => void;
  /** Unreadable texts from when the fields were last shown. */
  drafts?: Readonly<Record<string, string>>;
}

/** The types of values, by the kinds of fields. */
const TYPES: Readonly<Record<string, ValueType>> = { number: 'float', int: 'int', size: 'string' };

/** Resources in one row; time limits, retries and the cache below, closed at first. */
export function LimitFields(props: ILimitFieldsProps): JSX.Element {
  const { fields, errors = {}, usual = {}, readOnly, trans, onChange } = props;
  const memory = usual.memory_bytes ? showMemory(usual.memory_bytes) : trans.__('no limit');
  const placeholders: Readonly<Record<string, string>> = {
    cpu: `${usual.cpu ?? 1}`,
    gpu: `${usual.gpu ?? 0}`,
    memory_bytes: memory
  };
  const declared = declaredFields('Resources', trans);
  const limits = declared.filter(({ kind }) => kind in TYPES);
  const field = ({ name, kind, label, help }: IField) => (
    <ValueField
      key={name}
      {...{ label, help }}
      type={TYPES[kind]}
      isSize={kind === 'size'}
      placeholder={placeholders[name]}
      value={shown(fields[name], kind)}
      error={errors[name]}
      readOnly={readOnly}
      trans={trans}
      draft={props.drafts?.[name]}
      onChange={value => onChange(name, value)}
      onUnread={(why, text) => props.onUnread?.(name, why, text)}
    />
  );
  const rare = limits.filter(({ more }) => more);
  const retry = declared.find(({ name }) => name === 'retry_on')!;
  const failures = Object.keys(retry.labels ?? {}); // by default, all of them cause a retry
  const later = [...rare.map(({ name }) => name), 'retry_on', 'cache'];
  const isOpen = later.some(
    key => (fields[key] ?? errors[key] ?? props.drafts?.[key]) !== undefined
  );
  return (
    <>
      <div className="nby-Fields">{limits.filter(({ more }) => !more).map(field)}</div>
      <p className="nby-Field-help nby-Fields-help">
        {trans.__('The task waits for free GPUs and sees only these. Memory: 512 MiB or 2 GiB.')}
      </p>
      {props.askUse && !readOnly && <QuotaLine ask={props.askUse} trans={trans} />}
      <More summary={trans.__('Limits, retries and cache')} open={isOpen}>
        {rare.map(field)}
        <Boxes
          className="nby-Retry"
          field={retry}
          value={Array.isArray(fields.retry_on) ? fields.retry_on : failures}
          error={errors.retry_on}
          readOnly={readOnly}
          onChange={chosen => {
            const next = failures.filter(kind => chosen.includes(kind));
            onChange('retry_on', next.length === failures.length ? undefined : next);
          }}
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

function shown(value: Json | undefined, kind: string): Json | undefined {
  if (kind === 'size') {
    return typeof value === 'number' ? showMemory(value) : undefined;
  }
  return value ?? undefined;
}
