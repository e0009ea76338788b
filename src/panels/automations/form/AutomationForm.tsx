import { useEffect, useState } from 'react';
import { Automation } from '../../../api/types';
import { More } from '../../../components/More';
import { useDialogDraft } from '../../../components/hooks/useDraft';
import { serverTime } from '../../../components/format/times';
import { reasonText } from '../../../reasons';
import { AutomationNotices } from '../../channels/AutomationNotices';
import { Problems } from '../../frame/dialogs/askUntilAccepted';
import { Leave } from '../../frame/dialogs/launch';
import { CacheField } from '../../frame/dialogs/PlainFields';
import { IPanelServices } from '../../frame/services';
import { DraftChoice, DraftText, IFields } from './DraftFields';
import { draftOf, FIELDS, IAutomationDraft, numberOf, Start, startOf } from './draft';
import { EventFields, ValuesFrom } from './EventFields';
import { IOffered } from './offered';
import { usePreview } from './preview';
import { RunFields } from './RunFields';
import { TimeFields, TimeLimits, withoutMissed } from './TimeFields';

/** Fields of a refusal that are always shown, or above the form. */
const ABOVE_MORE = /^(on|zone|notify|$)/;

interface IAutomationFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IAutomationDraft;
  /** The automation to edit; one on times stays so, and an event stays one of its kind. */
  known?: Automation;
  offered: IOffered;
  problems: Problems;
  leave: Leave;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** What starts the runs of a file, what they use, and who is notified. */
export function AutomationForm(props: IAutomationFormProps): JSX.Element {
  const { services, draft, known, offered, problems, leave, onRotate } = props;
  const { trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const [sent] = useState(shown);
  const isTimed = shown.start === 'time';
  const answer = usePreview(services, 'automations.preview', previewed(shown, known));
  const { refused } = answer;
  const errorOf = (name: keyof IAutomationDraft) => {
    // a message is about the value that was sent
    const isSent = shown[name] === sent[name] && shown.start === sent.start;
    const all = { ...(isSent && problems), ...refused };
    const field = FIELDS[name];
    return Object.keys(all)
      .filter(at => at === field || at.startsWith(`${field}.`))
      .map(at => all[at])[0];
  };
  const onUnread = (at: string, why: string | undefined, text: string) => {
    const { [at]: _, ...others } = draft.unread;
    change({ unread: why === undefined ? others : { ...others, [at]: { text, why } } });
  };
  const fields: IFields = { services, shown, sent, problems, errorOf, change, onUnread };
  const starts = [
    ['time', trans.__('at set times')],
    ['dataset', trans.__('when a dataset has a new version')],
    ['run', trans.__('when another run ended')],
    ['file', trans.__('when a file changed')],
    ['webhook', trans.__('when a signed webhook arrives')],
    ['notebook', trans.__('when a notebook or program fires it')]
  ];
  return (
    <div className="nby-Form nby-Automation">
      {!known && <OtherAutomations {...{ services, leave }} automations={offered.automations} />}
      <DraftChoice
        fields={fields}
        name="start"
        label={trans.__('Runs start')}
        error={isTimed ? undefined : (problems.on ?? problems['on.kind'])}
        options={starts.filter(([start]) => !known || start === shown.start)}
        onChange={start =>
          change({ ...startOf(start as Start), unread: withoutMissed(shown.unread) })
        }
      />
      {isTimed ? (
        <TimeFields fields={fields} answer={answer} />
      ) : (
        <EventFields fields={fields} onRotate={onRotate} />
      )}
      <AutomationNotices
        services={services}
        notify={shown.notify}
        error={errorOf('notify')}
        onChange={notify => change({ notify })}
        leave={leave}
      />
      <More
        summary={trans.__('More')}
        open={Object.keys({ ...problems, ...refused }).some(at => !ABOVE_MORE.test(at))}
      >
        {!isTimed && <ValuesFrom fields={fields} />}
        <RunFields fields={fields} offered={offered} />
        <DraftChoice
          fields={fields}
          name="mode"
          label={trans.__('Each run uses')}
          options={[
            ['follows', trans.__('the files as saved at that time')],
            ['pinned', trans.__('the files as they are now')]
          ]}
        />
        <CacheField force={shown.force} trans={trans} onChange={force => change({ force })} />
        <DraftChoice
          fields={fields}
          name="overlap"
          label={trans.__('If the earlier run is still running')}
          options={[
            ['skip', trans.__('skip the new run')],
            ['queue', trans.__('start the new run afterwards')],
            ['replace', trans.__('cancel the earlier run')]
          ]}
        />
        {isTimed && <TimeLimits fields={fields} />}
        <DraftText fields={fields} name="name" label={trans.__('Name')} />
      </More>
    </div>
  );
}

/** Return the question for the next times; undefined if an event starts the runs. */
function previewed(shown: IAutomationDraft, known?: Automation) {
  if (shown.start !== 'time') {
    return undefined;
  }
  const isUnchanged = !!known?.timing && shown.phrase === draftOf(known).phrase;
  const body = {
    on: isUnchanged ? known.timing! : { kind: 'phrase' as const, text: shown.phrase },
    zone: shown.zone,
    starts_at: serverTime(shown.startsAt),
    ends_at: serverTime(shown.endsAt),
    at_most: numberOf(shown.atMost),
    automation: known?.id
  };
  return { body };
}

interface IOtherAutomationsProps extends Pick<IOffered, 'automations'> {
  services: IPanelServices;
  leave: Leave;
}

/** The automations that the file has already, above the form of a new one. */
function OtherAutomations(props: IOtherAutomationsProps): JSX.Element {
  const { services, automations, leave } = props;
  const { commands, trans } = services;
  const [found, setFound] = useState<readonly Automation[]>([]);
  useEffect(() => void automations().then(setFound), [automations]);
  return (
    <>
      {found.map(({ id, name, sentence }) => (
        <p key={id} role="status">
          {trans.__('This file has an automation: %1', reasonText(sentence, trans) || name)}{' '}
          <button
            type="button"
            className="nby-Link"
            onClick={() => leave(() => commands.execute('nbyard:edit-automation', { id }))}
          >
            {trans.__('Edit')}
          </button>
        </p>
      ))}
    </>
  );
}
