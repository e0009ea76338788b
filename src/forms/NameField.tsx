import { TranslationBundle } from '@jupyterlab/translation';

interface INameFieldProps {
  name: string;
  error?: string;
  /** A free name if this one is taken. */
  free?: string;
  busy: boolean;
  trans: TranslationBundle;
  onChange: (name: string) => void;
  /** Use the free name and save. */
  onFree: (name: string) => void;
}

/** The name, with an error message below it. */
export function NameField(props: INameFieldProps): JSX.Element {
  const { name, error, free, busy, trans, onChange, onFree } = props;
  return (
    <>
      <label className={error ? 'nby-mod-invalid' : undefined}>
        {trans.__('Name')}{' '}
        <input
          value={name}
          aria-invalid={!!error}
          aria-describedby={error ? 'nby-name-problem' : undefined}
          onChange={event => onChange(event.target.value)}
          required
        />
      </label>
      {error && (
        <span id="nby-name-problem" className="nby-Field-error" role="alert">
          {error}
        </span>
      )}
      {free && (
        <button type="button" className="nby-Button" disabled={busy} onClick={() => onFree(free)}>
          {trans.__('Use “%1”', free)}
        </button>
      )}
    </>
  );
}
