import { TranslationBundle } from '@jupyterlab/translation';
import { useLayoutEffect, useRef } from 'react';
import { Button } from '../components/Button';

interface INameFieldProps {
  name: string;
  error?: string;
  /** A free name if this one is taken. */
  free?: string;
  busy: boolean;
  /** A name is suggested in a moment, so that the form may be sent without one. */
  isAwaited?: boolean;
  trans: TranslationBundle;
  onChange: (name: string) => void;
  /** Use the free name and save. */
  onFree: (name: string) => void;
}

/** The name, with an error message below it. */
export function NameField(props: INameFieldProps): JSX.Element {
  const { name, error, free, busy, trans, onChange, onFree } = props;
  const field = useRef<HTMLInputElement>(null);
  const typed = useRef(name);
  useLayoutEffect(() => {
    // a suggestion that arrives in a focused field gives way to what is typed next
    if (name !== typed.current && field.current === document.activeElement) {
      field.current?.select();
    }
    typed.current = name;
  }, [name]);
  return (
    <>
      <label className={error ? 'nby-mod-invalid' : undefined}>
        {trans.__('Name')}{' '}
        <input
          ref={field}
          value={name}
          aria-invalid={!!error}
          aria-describedby={error ? 'nby-name-problem' : undefined}
          onChange={event => {
            typed.current = event.target.value;
            onChange(typed.current);
          }}
          required={!props.isAwaited}
        />
      </label>
      {error && (
        <span id="nby-name-problem" className="nby-Field-error" role="alert">
          {error}
        </span>
      )}
      {free && (
        <Button disabled={busy} onClick={() => onFree(free)}>
          {trans.__('Use “%1”', free)}
        </Button>
      )}
    </>
  );
}
