import { useEffect, useRef, useState } from 'react';
import { CleanUpPreview, CleanUpRules, RetentionPreview } from '../../../api/types';
import { More } from '../../../components/More';
import { useAnswer } from '../../../api/useAnswer';
import { CheckBox } from '../../../components/Button';
import {
  bodyOf,
  declaredFields,
  typedValues,
  unreadFields,
  Values
} from '../../../forms/schema/fields';
import { SchemaForm } from '../../../forms/schema/SchemaForm';
import { IPanelServices } from '../../frame/services';
import { Policies, Preview } from './Policies';

/** While a number is typed, the server is not asked. */
const PAUSE_MS = 300;

/** What the form says; `rules` is undefined while a number is unreadable. */
export interface ICleanUp {
  rules?: CleanUpRules;
  daily: boolean;
  preview?: CleanUpPreview;
  /** There is nothing to delete and no daily clean-up to change. */
  isIdle?: boolean;
}

interface ICleanUpFormProps {
  services: IPanelServices;
  /** Receives what the form says; the dialog reads it at the end. */
  holder: ICleanUp;
  /** The ID of the project whose runs are deleted; empty for all. */
  project?: string;
}

/** The rules of a clean-up, and what they would delete. */
export function CleanUpForm({ services, holder, project = '' }: ICleanUpFormProps): JSX.Element {
  const { trans } = services;
  const fields = declaredFields('CleanUpRules', trans);
  const [values, setValues] = useState<Values>(() => typedValues(fields, holder.rules));
  const [daily, setDaily] = useState(holder.daily);
  const [wasDaily] = useState(daily);
  const problems = unreadFields(fields, values, trans);
  const isUnread = Object.keys(problems).length > 0;
  const rules = isUnread ? undefined : bodyOf<CleanUpRules>(fields, values);
  const { preview, problem, hasSizes } = usePreview(services, project, rules);
  const policies = usePolicies(services, project);
  const isChangeable = !project && (daily || wasDaily);
  const isIdle = !rules || (preview?.count === 0 && !isChangeable);
  Object.assign(holder, { rules, daily, preview, isIdle });
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // at each change: typing lets the dialog enable its buttons
    const dialog = form.current?.closest('.jp-Dialog');
    dialog?.querySelector('.jp-mod-accept')?.toggleAttribute('disabled', isIdle);
  });
  return (
    <div ref={form} className="nby-CleanUp">
      <SchemaForm
        {...{ fields, values, problems, trans }}
        onChange={(name, value) => setValues({ ...values, [name]: value })}
      />
      {!project && (
        <CheckBox checked={daily} onChange={setDaily}>
          {trans.__('Clean up by these rules every day')}
        </CheckBox>
      )}
      <div role="status" className="nby-CleanUp-preview">
        {problem ||
          (preview ? <Preview preview={preview} hasSizes={hasSizes} trans={trans} /> : '…')}
      </div>
      {!!policies.length && (
        <More summary={trans.__('Daily clean-up')}>
          <Policies policies={policies} trans={trans} />
        </More>
      )}
    </div>
  );
}

interface IPreviewed {
  preview?: CleanUpPreview;
  problem?: string;
  /** False if the server could not return the sizes. */
  hasSizes?: boolean;
}

/** Return what the rules would delete, asked after the user stops typing. */
function usePreview(
  { yard }: IPanelServices,
  project: string,
  rules: CleanUpRules | undefined
): IPreviewed {
  const [answer, setAnswer] = useState<IPreviewed>({});
  const key = rules && JSON.stringify(rules);
  useEffect(() => {
    setAnswer({});
    if (!key) {
      return;
    }
    const control = new AbortController();
    const body = JSON.parse(key) as CleanUpRules;
    const ask = async (sizes: boolean) => {
      const asked = { body, query: { project, sizes }, signal: control.signal };
      setAnswer({ preview: await yard.client.call('runs.preview_clean_up', asked) });
    };
    const unlessAborted = (then: (error: Error) => void) => (error: Error) =>
      control.signal.aborted || then(error);
    const askSizes = () =>
      ask(true).catch(unlessAborted(() => setAnswer(known => ({ ...known, hasSizes: false }))));
    const timer = setTimeout(() => {
      // with very many runs, their sizes take seconds
      ask(false)
        .then(askSizes)
        .catch(unlessAborted(({ message }) => setAnswer({ problem: message })));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [yard, project, key]);
  return answer;
}

/** Return what each policy of the daily clean-up deletes next. */
export function usePolicies(
  { yard }: IPanelServices,
  project: string,
  turn = 0
): RetentionPreview['policies'] {
  const question = { query: { project } };
  const { answer, error } = useAnswer(yard.client, 'runs.preview_retention', question, { turn });
  return error ? [] : (answer?.policies ?? []); // the rules above work without them
}
