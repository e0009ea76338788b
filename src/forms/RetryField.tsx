import { TranslationBundle } from '@jupyterlab/translation';
import { Json } from '../document/canonical';

interface IRetryFieldProps {
  value: Json | undefined;
  error?: string;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the default: all kinds. */
  onChange: (value: Json | undefined) => void;
}

/** Chooses the kinds of failure that cause a retry. */
export function RetryField(props: IRetryFieldProps): JSX.Element {
  const { value, error, readOnly, trans, onChange } = props;
  const kinds: Record<string, string> = {
    error: trans.__('an error'),
    'exit-code': trans.__('an exit code'),
    timeout: trans.__('a time limit'),
    memory: trans.__('lack of memory'),
    contract: trans.__('a missing or invalid output'),
    'kernel-died': trans.__('a kernel crash')
  };
  const all = Object.keys(kinds);
  const chosen = Array.isArray(value) ? value : all;
  const choose = (kind: string, wanted: boolean) => {
    const next = all.filter(offered => (offered === kind ? wanted : chosen.includes(offered)));
    onChange(next.length === all.length ? undefined : next);
  };
  return (
    <fieldset className="nby-Retry">
      <legend>{trans.__('Retry after')}</legend>
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
