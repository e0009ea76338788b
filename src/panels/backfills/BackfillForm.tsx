import { useEffect, useState } from 'react';
import { BackfillPreview, Schedule } from '../../api/types';
import { useChanges } from '../../components/hooks/useChanges';
import { useDialogDraft } from '../../components/hooks/useDraft';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';
import { TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { BackfillList } from './BackfillList';
import { bodyOf, draftToContinue, IBackfillDraft, draftProblems } from './draft';

/** While the user types, the server is not asked. */
const PAUSE_MS = 300;
const SHOWN = 5;

interface IBackfillFormProps {
  services: IPanelServices;
  schedule: Schedule;
  /** Changed while the user types. */
  draft: IBackfillDraft;
  problems: Problems;
}

/** The range of a backfill, what it would run, and the backfills that were started. */
export function BackfillForm(props: IBackfillFormProps): JSX.Element {
  const { services, schedule, draft, problems } = props;
  const { yard, trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const turn = useChanges(yard.stream, 'backfill', 'run');
  const { preview, refused } = usePreview(services, schedule, shown, turn);
  const errors = { ...problems, ...refused };
  return (
    <div className="nby-Form nby-Schedule">
      <TextField
        label={trans.__('From')}
        type="datetime-local"
        value={shown.since}
        error={errors.since}
        trans={trans}
        onChange={since => change({ since })}
      />
      <TextField
        label={trans.__('Until (empty: now)')}
        type="datetime-local"
        value={shown.until}
        error={errors.until}
        trans={trans}
        onChange={until => change({ until })}
      />
      <TextField
        label={trans.__('Runs at a time')}
        value={shown.atOnce}
        error={errors.at_once}
        trans={trans}
        onChange={atOnce => change({ atOnce })}
      />
      <label>
        <input
          type="checkbox"
          checked={shown.again}
          onChange={({ target }) => change({ again: target.checked })}
        />{' '}
        {trans.__('Repeat due times that have a succeeded run')}
      </label>
      <div role="status" className="nby-Schedule-preview">
        {errors[''] && <p>{errors['']}</p>}
        {preview && <Preview services={services} preview={preview} />}
      </div>
      <BackfillList
        services={services}
        schedule={schedule.id}
        turn={turn}
        onContinue={backfill => change(draftToContinue(backfill))}
      />
    </div>
  );
}

/** How many due times would run, and the first of them. */
function Preview(props: { services: IPanelServices; preview: BackfillPreview }): JSX.Element {
  const { preview } = props;
  const { trans } = props.services;
  const { times, runs, zone } = preview;
  const why = {
    run: '',
    succeeded: trans.__('already succeeded'),
    active: trans.__('active')
  };
  return (
    <>
      <p>
        <strong>
          {trans._n(
            '%1 run for %2 due times (%3)',
            '%1 runs for %2 due times (%3)',
            runs,
            times.length,
            zone
          )}
        </strong>
      </p>
      <ol>
        {times.slice(0, SHOWN).map(({ at, local, forecast }) => (
          <li key={at}>
            {local.slice(0, 16).replace('T', ' ')}
            {why[forecast] && <em> ({why[forecast]})</em>}
          </li>
        ))}
        {times.length > SHOWN && (
          <li>{trans._n('%1 more due time', '%1 more due times', times.length - SHOWN)}</li>
        )}
      </ol>
    </>
  );
}

/**
 * Return what would run, or why it is refused, by field. It is asked after the user stops typing,
 * and in each `turn` of backfills and their runs.
 */
function usePreview(
  { yard, trans }: IPanelServices,
  schedule: Schedule,
  draft: IBackfillDraft,
  turn: number
): { preview?: BackfillPreview; refused?: Problems } {
  const [answer, setAnswer] = useState<{ preview?: BackfillPreview; refused?: Problems }>({});
  const wrong = draftProblems(draft, trans);
  const key = JSON.stringify(Object.keys(wrong).length ? null : bodyOf(draft));
  useEffect(() => setAnswer({}), [key]);
  useEffect(() => {
    const body = JSON.parse(key) as ReturnType<typeof bodyOf> | null;
    if (!body) {
      return;
    }
    const control = new AbortController();
    const asked = { path: { schedule: schedule.id }, body, signal: control.signal };
    const timer = window.setTimeout(() => {
      yard.client
        .call('backfills.preview', asked)
        .then(preview => setAnswer({ preview }))
        .catch((error: Error) => {
          if (!control.signal.aborted) {
            setAnswer({ refused: problemsOf(error) });
          }
        });
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [yard, schedule.id, key, turn]);
  return { ...answer, refused: Object.keys(wrong).length ? wrong : answer.refused };
}
