import { Automation, BackfillPreview } from '../../../api/types';
import { useChanges } from '../../../components/hooks/useChanges';
import { useDialogDraft } from '../../../components/hooks/useDraft';
import { declaredFields, Problems, Values } from '../../../forms/schema/fields';
import { SchemaForm } from '../../../forms/schema/SchemaForm';
import { IPanelServices } from '../../frame/services';
import { usePreview } from '../form/preview';
import { BackfillList } from './BackfillList';
import { backfillBody, draftProblems, draftToContinue } from './draft';

const SHOWN = 5;

interface IBackfillFormProps {
  services: IPanelServices;
  automation: Automation;
  /** Changed while the user types. */
  draft: Values;
  problems: Problems;
}

/** The range of a backfill, what it would run, and the backfills that were started. */
export function BackfillForm(props: IBackfillFormProps): JSX.Element {
  const { services, automation, draft, problems } = props;
  const { yard, trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const turn = useChanges(yard.stream, 'backfill', 'run');
  const wrong = draftProblems(shown, trans);
  const asked = { path: { automation: automation.id }, body: backfillBody(shown) };
  const question = Object.keys(wrong).length ? undefined : asked;
  const { preview, refused, away } = usePreview(services, 'backfills.preview', question, turn);
  const errors = { ...problems, ...refused, ...wrong };
  return (
    <div className="nby-Form nby-Automation">
      <SchemaForm
        fields={declaredFields('NewBackfill', trans).map(field => ({ ...field, required: false }))}
        values={shown}
        problems={errors}
        trans={trans}
        onChange={(name, value) => change({ [name]: value })}
      />
      <div role="status" className="nby-Automation-preview">
        {errors[''] && <p>{errors['']}</p>}
        {away && <p>{away}</p>}
        {preview && <Preview services={services} preview={preview} />}
      </div>
      <BackfillList
        services={services}
        automation={automation.id}
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
