import { Json } from '../../document/canonical';
import { IField } from '../schema/field';

interface IRetryFieldProps {
  field: IField;
  value: Json | undefined;
  error?: string;
  readOnly?: boolean;
  /** `undefined` restores the default: all kinds. */
  onChange: (value: Json | undefined) => void;
}

/** Chooses the kinds of failure that cause a retry. */
export function RetryField(props: IRetryFieldProps): JSX.Element {
  const { field, value, error, readOnly, onChange } = props;
  const kinds = field.labels ?? {};
  const all = Object.keys(kinds);
  const chosen = Array.isArray(value) ? value : all;
  const choose = (kind: string, wanted: boolean) => {
    const next = all.filter(offered => (offered === kind ? wanted : chosen.includes(offered)));
    onChange(next.length === all.length ? undefined : next);
  };
  return (
    <fieldset className="nby-Retry">
      <legend>{field.label}</legend>
      {all.map(kind => (
        <label key={kind}>
          <input
            type="checkbox"
            disabled={readOnly}
            checked={chosen.includes(kind)}
            onChange={event => choose(kind, event.target.checked)}
          />{' '}
          {kinds[kind]}
        </label>
      ))}
      {error && (
        <div className="nby-Field-error" role="alert">
          {error}
        </div>
      )}
    </fieldset>
  );
}
