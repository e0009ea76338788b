import { useEffect, useState } from 'react';
import { CleanUpPreview, CleanUpRules } from '../../../api/types';
import { stateText } from '../../../components/StateMark';
import { showBytes } from '../../../components/format/bytes';
import { FieldFrame } from '../../../forms/FieldFrame';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';

const STATES = ['succeeded', 'failed', 'cancelled'] as const;
/** While a number is typed, the server is not asked. */
const PAUSE_MS = 300;
const SHOWN = 5;

/** What the form says; `rules` is undefined while a number is unreadable. */
export interface ICleanUp {
  rules?: CleanUpRules;
  daily: boolean;
  preview?: CleanUpPreview;
}

interface ICleanUpFormProps {
  services: IPanelServices;
  /** Receives what the form says; the dialog reads it at the end. */
  holder: ICleanUp;
}

/** The rules of a clean-up, and what they would delete. */
export function CleanUpForm({ services, holder }: ICleanUpFormProps): JSX.Element {
  const { trans } = services;
  const first = holder.rules ?? {};
  const [days, setDays] = useState(textOf(first.older_than_days));
  const [keep, setKeep] = useState(textOf(first.keep));
  const [states, setStates] = useState<readonly string[]>(first.states ?? []);
  const [daily, setDaily] = useState(holder.daily);
  const [older_than_days, kept] = [numberOf(days), numberOf(keep)];
  const isRead = older_than_days !== undefined && kept !== undefined;
  const rules = isRead ? { older_than_days, keep: kept, states: [...states] } : undefined;
  const { preview, problem } = usePreview(services, rules);
  Object.assign(holder, { rules, daily, preview });
  return (
    <div className="nby-CleanUp">
      <NumberField
        label={trans.__('Older than (days)')}
        value={days}
        error={older_than_days === undefined ? trans.__('Enter a number.') : undefined}
        services={services}
        onChange={setDays}
      />
      <NumberField
        label={trans.__('Newest runs to keep of each workflow')}
        value={keep}
        error={kept === undefined ? trans.__('Enter a number.') : undefined}
        services={services}
        onChange={setKeep}
      />
      <fieldset>
        <legend>{trans.__('Only these states (none: all)')}</legend>
        {STATES.map(state => (
          <label key={state}>
            <input
              type="checkbox"
              checked={states.includes(state)}
              onChange={({ target }) =>
                setStates(target.checked ? [...states, state] : states.filter(one => one !== state))
              }
            />{' '}
            {stateText(state, trans)}{' '}
          </label>
        ))}
      </fieldset>
      <label>
        <input
          type="checkbox"
          checked={daily}
          onChange={({ target }) => setDaily(target.checked)}
        />{' '}
        {trans.__('Clean up by these rules every day')}
      </label>
      <div role="status" className="nby-CleanUp-preview">
        {problem || (preview ? <Preview preview={preview} services={services} /> : '…')}
      </div>
    </div>
  );
}

interface INumberFieldProps {
  label: string;
  value: string;
  error?: string;
  services: IPanelServices;
  onChange: (text: string) => void;
}

function NumberField({ label, value, error, services, onChange }: INumberFieldProps): JSX.Element {
  return (
    <FieldFrame label={label} error={error} trans={services.trans}>
      {control => (
        <input
          {...control}
          className="jp-mod-styled"
          inputMode="decimal"
          value={value}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </FieldFrame>
  );
}

interface IPreviewProps {
  preview: CleanUpPreview;
  services: IPanelServices;
}

function Preview({ preview, services }: IPreviewProps): JSX.Element {
  const { trans } = services;
  const { count, freed_bytes, record_bytes, protected_count, protected: kept } = preview;
  return (
    <>
      <p>
        <strong>
          {count
            ? trans._n(
                '%1 run is deleted, which frees %2.',
                '%1 runs are deleted, which frees %2.',
                count,
                showBytes(freed_bytes + record_bytes)
              )
            : trans.__('No run fits these rules.')}
        </strong>
      </p>
      {protected_count > 0 && (
        <>
          <p>{trans._n('%1 run is protected:', '%1 runs are protected:', protected_count)}</p>
          <ul>
            {kept.slice(0, SHOWN).map(run => (
              <li key={run.id}>
                #{run.number} {run.name || run.title}: {reasonText(run.protection, trans)}
              </li>
            ))}
            {protected_count > SHOWN && (
              <li>{trans._n('%1 more run', '%1 more runs', protected_count - SHOWN)}</li>
            )}
          </ul>
        </>
      )}
    </>
  );
}

/** Return what the rules would delete, asked after the user stops typing. */
function usePreview(
  { yard }: IPanelServices,
  rules: CleanUpRules | undefined
): { preview?: CleanUpPreview; problem?: string } {
  const [answer, setAnswer] = useState<{ preview?: CleanUpPreview; problem?: string }>({});
  const key = rules && JSON.stringify(rules);
  useEffect(() => {
    setAnswer({});
    if (!key) {
      return;
    }
    const control = new AbortController();
    const asked = { body: JSON.parse(key) as CleanUpRules, signal: control.signal };
    const timer = setTimeout(() => {
      yard.client
        .call('runs.preview_clean_up', asked)
        .then(preview => setAnswer({ preview }))
        .catch((error: Error) => !control.signal.aborted && setAnswer({ problem: error.message }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [yard, key]);
  return answer;
}

function textOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

/** Return the number in a text, null for none, undefined for an unreadable one. */
function numberOf(text: string): number | null | undefined {
  const value = text.trim() ? Number(text) : null;
  return value === null || (Number.isFinite(value) && value >= 0) ? value : undefined;
}
