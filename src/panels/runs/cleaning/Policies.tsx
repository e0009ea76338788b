import { TranslationBundle } from '@jupyterlab/translation';
import { CleanUpPreview, CleanUpRules, RetentionPreview } from '../../../api/types';
import { stateText } from '../../../components/StateMark';
import { showBytes } from '../../../components/format/bytes';
import { reasonText } from '../../../reasons';

const SHOWN = 5;

interface INamedProps {
  runs: CleanUpPreview['runs'];
  count: number;
  trans: TranslationBundle;
}

interface IPreviewProps {
  preview: CleanUpPreview;
  /** False if the sizes will not come. */
  hasSizes?: boolean;
  trans: TranslationBundle;
}

/** The first runs, each with why it is protected. */
function Named({ runs, count, trans }: INamedProps): JSX.Element {
  return (
    <ul>
      {runs.slice(0, SHOWN).map(({ id, number, name, title, protection }) => (
        <li key={id}>
          #{number} {name || title}
          {protection && `: ${reasonText(protection, trans)}`}
        </li>
      ))}
      {count > SHOWN && <li>{trans._n('%1 more run', '%1 more runs', count - SHOWN)}</li>}
    </ul>
  );
}

/** What a clean-up would delete, and what is protected. */
export function Preview({ preview, hasSizes = true, trans }: IPreviewProps): JSX.Element {
  const { count, runs, freed_bytes, record_bytes, protected_count, protected: kept } = preview;
  return (
    <>
      <p>
        <strong>
          {count
            ? hasSizes
              ? trans._n(
                  '%1 run is deleted, which frees %2.',
                  '%1 runs are deleted, which frees %2.',
                  count,
                  isSet(freed_bytes) ? showBytes(freed_bytes + (record_bytes ?? 0)) : '…'
                )
              : trans._n(
                  '%1 run is deleted, size unknown.',
                  '%1 runs are deleted, size unknown.',
                  count
                )
            : trans.__('No run fits these rules.')}
        </strong>
      </p>
      {count > 0 && <Named runs={runs} count={count} trans={trans} />}
      {protected_count > 0 && (
        <>
          <p>{trans._n('%1 run is protected:', '%1 runs are protected:', protected_count)}</p>
          <Named runs={kept} count={protected_count} trans={trans} />
        </>
      )}
    </>
  );
}

type Policy = RetentionPreview['policies'][number];

interface IPoliciesProps {
  policies: readonly Policy[];
  trans: TranslationBundle;
  /** Shown behind the name of a policy. */
  action?: (policy: Policy) => JSX.Element;
}

/** The policies of the daily clean-up, with what each deletes next. */
export function Policies({ policies, trans, action }: IPoliciesProps): JSX.Element {
  return (
    <ul className="nby-Policies">
      {policies.map(policy => (
        <li key={`${policy.project}/${policy.name}`}>
          <strong>
            {policy.project ? `${policy.project}: ${policy.name}` : trans.__('All runs')}
          </strong>{' '}
          {action?.(policy)}
          <div className="nby-Dim">{rulesText(policy.rules, trans)}</div>
          <Preview preview={policy.preview} trans={trans} />
        </li>
      ))}
    </ul>
  );
}

function isSet(value?: number | null): value is number {
  return typeof value === 'number';
}

/** Return the rules of a clean-up in words. */
export function rulesText(rules: CleanUpRules, trans: TranslationBundle): string {
  const { older_than_days: days, keep, states, max_bytes: most } = rules;
  return [
    states?.length && states.map(state => stateText(state, trans)).join(', '),
    isSet(days) && trans.__('older than %1 days', days),
    isSet(keep) && trans.__('not the newest %1 of each workflow', keep),
    isSet(most) && trans.__('the oldest, until outputs fit into %1', showBytes(most))
  ]
    .filter(Boolean)
    .join(' · ');
}
