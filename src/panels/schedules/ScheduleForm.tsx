import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Schedule } from '../../api/types';
import { More } from '../../components/More';
import { useDialogDraft } from '../../components/hooks/useDraft';
import { serverTime } from '../../components/format/times';
import { FieldFrame, SuggestedInput } from '../../forms/FieldFrame';
import { ValueField } from '../../forms/ValueField';
import { reasonText } from '../../reasons';
import { ScheduleNotices } from '../channels/ScheduleNotices';
import { Problems } from '../frame/dialogs/askUntilAccepted';
import { Leave } from '../frame/dialogs/launch';
import { CacheField, ChoiceField, TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { IOffered } from './code';
import { draftOf, FIELDS, IScheduleDraft, numberOf, USUAL_MISSED } from './draft';
import { OtherSchedules } from './OtherSchedules';
import { usePreview } from './preview';
import { RunFields } from './RunFields';

const EXAMPLES = ['weekdays 8:00', 'every 15 minutes', 'in 2 hours', 'monday 9:30', '0 8 * * 1-5'];
/** Fields of a refusal that are always shown, or above the form. */
const ABOVE_MORE = /^(timing|zone|notify|$)/;

interface IScheduleFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IScheduleDraft;
  /** The schedule to edit. */
  known?: Schedule;
  offered: IOffered;
  problems: Problems;
  leave: Leave;
}

/** When a file runs, in words or as cron, with the next times. */
export function ScheduleForm(props: IScheduleFormProps): JSX.Element {
  const { services, draft, known, offered, problems, leave } = props;
  const { trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const [sent] = useState(shown);
  const onUnread = (at: string, why: string | undefined, text: string) => {
    const { [at]: _, ...others } = draft.unread;
    change({ unread: why === undefined ? others : { ...others, [at]: { text, why } } });
  };
  const missedField = (name: 'window_seconds' | 'most', label: string) => {
    const at = `missed.${name}`;
    return (
      <ValueField
        label={label}
        type="int"
        value={shown.missed[name]}
        fallback={USUAL_MISSED[name]}
        error={shown.missed === sent.missed && !sent.unread[at] ? problems[at] : undefined}
        draft={shown.unread[at]?.text}
        trans={trans}
        onChange={(value = USUAL_MISSED[name]) =>
          change({ missed: { ...shown.missed, [name]: value as number } })
        }
        onUnread={(why, text) => onUnread(at, why, text)}
      />
    );
  };
  const isUnchanged = !!known && shown.words === draftOf(known).words;
  const { preview, refused, isAway } = usePreview(services, {
    timing: isUnchanged ? known.timing : { kind: 'words', text: shown.words },
    zone: shown.zone,
    starts_at: serverTime(shown.startsAt),
    ends_at: serverTime(shown.endsAt),
    at_most: numberOf(shown.atMost),
    schedule: known?.id
  });
  const errorOf = (name: keyof IScheduleDraft) => {
    // a message is about the value that was sent
    const all = { ...(shown[name] === sent[name] && problems), ...refused };
    return Object.keys(all)
      .filter(at => FIELDS[name].some(field => at === field || at.startsWith(`${field}.`)))
      .map(at => all[at])[0];
  };
  const late = spanText(shown.missed.window_seconds, trans);
  const choices = {
    mode: [
      ['follows', trans.__('the files as saved at that time')],
      ['pinned', trans.__('the files as they are now')]
    ],
    overlap: [
      ['skip', trans.__('skip the new run')],
      ['queue', trans.__('start the new run afterwards')],
      ['replace', trans.__('cancel the earlier run')]
    ],
    missed: [
      ['last', trans.__('run once, if at most %1 late', late)],
      ['skip', trans.__('skip')],
      ['all', trans.__('run for each that is at most %1 late', late)]
    ]
  };
  return (
    <div className="nby-Form nby-Schedule">
      {!known && <OtherSchedules {...{ services, leave }} schedules={offered.schedules} />}
      <FieldFrame label={trans.__('When')} error={errorOf('words') ?? refused?.['']} trans={trans}>
        {control => (
          <SuggestedInput
            {...control}
            className="jp-mod-styled"
            autoComplete="off"
            spellCheck={false}
            suggestions={EXAMPLES}
            value={shown.words}
            onFocus={event => event.target.select()}
            onChange={event => change({ words: event.target.value })}
          />
        )}
      </FieldFrame>
      <div role="status" className="nby-Schedule-preview">
        {isAway && (
          <p>{trans.__('The next times cannot be shown: no connection to the server.')}</p>
        )}
        {preview && (
          <>
            <p>{reasonText(preview.sentence, trans)}</p>
            {preview.ended && <p>{reasonText(preview.ended, trans)}</p>}
            <ol>
              {preview.next.map(({ at, note }) => (
                <li key={at}>
                  {dueText(at, preview.zone)}
                  {note && <em> ({reasonText(note, trans)})</em>}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
      <p className="nby-Field-help">
        {trans.__('Runs also start while JupyterLab is closed, as long as its machine is on.')}
      </p>
      <TextField
        label={trans.__('Time zone')}
        value={shown.zone}
        error={errorOf('zone')}
        trans={trans}
        onChange={zone => change({ zone })}
      />
      <ScheduleNotices
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
        <RunFields {...{ services, offered, shown, sent, problems, errorOf, change, onUnread }} />
        <ChoiceField
          label={trans.__('Each run uses')}
          value={shown.mode}
          options={choices.mode}
          trans={trans}
          onChange={mode => change({ mode: mode as IScheduleDraft['mode'] })}
        />
        <CacheField force={shown.force} trans={trans} onChange={force => change({ force })} />
        <ChoiceField
          label={trans.__('If the earlier run is still running')}
          value={shown.overlap}
          options={choices.overlap}
          trans={trans}
          onChange={overlap => change({ overlap: overlap as IScheduleDraft['overlap'] })}
        />
        <ChoiceField
          label={trans.__('Times that passed while nbyard was off')}
          value={shown.missed.policy}
          options={choices.missed}
          trans={trans}
          onChange={policy =>
            change({
              missed: { ...shown.missed, policy: policy as Schedule['missed']['policy'] },
              unread: withoutMissed(shown.unread)
            })
          }
        />
        {shown.missed.policy !== 'skip' &&
          missedField('window_seconds', trans.__('At most this late, in seconds'))}
        {shown.missed.policy === 'all' && missedField('most', trans.__('At most this many runs'))}
        <TextField
          label={trans.__('From')}
          type="datetime-local"
          value={shown.startsAt}
          error={errorOf('startsAt')}
          trans={trans}
          onChange={startsAt => change({ startsAt })}
        />
        <TextField
          label={trans.__('Until')}
          type="datetime-local"
          value={shown.endsAt}
          error={errorOf('endsAt')}
          trans={trans}
          onChange={endsAt => change({ endsAt })}
        />
        <TextField
          label={trans.__('Number of runs')}
          placeholder={trans.__('no limit')}
          value={shown.atMost}
          error={errorOf('atMost')}
          trans={trans}
          onChange={atMost => change({ atMost })}
        />
        <TextField
          label={trans.__('Name')}
          value={shown.name}
          error={errorOf('name')}
          trans={trans}
          onChange={name => change({ name })}
        />
      </More>
    </div>
  );
}

/** Return the unreadable texts of fields that do not depend on the policy. */
function withoutMissed(unread: IScheduleDraft['unread']): IScheduleDraft['unread'] {
  return Object.fromEntries(Object.entries(unread).filter(([at]) => !at.startsWith('missed.')));
}

/** Return a due time in its zone: "Thu, 26 Nov 2026, 08:00". */
function dueText(at: string, timeZone: string): string {
  const date = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const whole = Date.parse(at) % 60_000 === 0;
  const second = whole ? undefined : ('2-digit' as const);
  return new Date(at).toLocaleString(undefined, { ...date, ...time, second, timeZone });
}

/** Return a span of time in its largest whole unit. */
function spanText(seconds: number, trans: TranslationBundle): string {
  if (seconds % 3600 === 0) {
    return trans.__('%1 h', seconds / 3600);
  }
  return seconds % 60 === 0 ? trans.__('%1 min', seconds / 60) : trans.__('%1 s', seconds);
}
