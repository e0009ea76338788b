import { TranslationBundle } from '@jupyterlab/translation';
import { Automation } from '../../../api/types';
import { FieldFrame, SuggestedInput } from '../../../forms/FieldFrame';
import { ValueField } from '../../../forms/ValueField';
import { reasonText } from '../../../reasons';
import { DraftText, IFields } from './DraftFields';
import { USUAL_MISSED } from './draft';
import { IPreview } from './preview';
import { ChoiceField } from '../../frame/dialogs/PlainFields';

const EXAMPLES = ['weekdays 8:00', 'every 15 minutes', 'in 2 hours', 'monday 9:30', '0 8 * * 1-5'];

interface ITimeFieldsProps {
  fields: IFields;
  answer: IPreview<'automations.preview'>;
}

/** When a file runs, in words or as cron, with the next times. */
export function TimeFields({ fields, answer }: ITimeFieldsProps): JSX.Element {
  const { services, shown, errorOf, change } = fields;
  const { preview, refused, away } = answer;
  const { trans } = services;
  return (
    <>
      <FieldFrame label={trans.__('When')} error={errorOf('phrase') ?? refused?.['']} trans={trans}>
        {control => (
          <SuggestedInput
            {...control}
            className="jp-mod-styled"
            autoComplete="off"
            spellCheck={false}
            suggestions={EXAMPLES}
            value={shown.phrase}
            onFocus={event => event.target.select()}
            onChange={event => change({ phrase: event.target.value })}
          />
        )}
      </FieldFrame>
      <div role="status" className="nby-Automation-preview">
        {away && <p>{away}</p>}
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
      <DraftText fields={fields} name="zone" label={trans.__('Time zone')} />
    </>
  );
}

/** What happens to missed times, and which times are due at all. */
export function TimeLimits({ fields }: { fields: IFields }): JSX.Element {
  const { services, shown, sent, problems, change, onUnread } = fields;
  const { trans } = services;
  const { missed, unread } = shown;
  const missedField = (name: 'window_seconds' | 'most', label: string) => {
    const at = `missed.${name}`;
    return (
      <ValueField
        label={label}
        type="int"
        value={missed[name]}
        fallback={USUAL_MISSED[name]}
        error={missed === sent.missed && !sent.unread[at] ? problems[at] : undefined}
        draft={unread[at]?.text}
        trans={trans}
        onChange={(value = USUAL_MISSED[name]) =>
          change({ missed: { ...missed, [name]: value as number } })
        }
        onUnread={(why, text) => onUnread(at, why, text)}
      />
    );
  };
  const late = spanText(missed.window_seconds, trans);
  return (
    <>
      <ChoiceField
        label={trans.__('Times that passed while nbyard was off')}
        value={missed.policy}
        options={[
          ['last', trans.__('run once, if at most %1 late', late)],
          ['skip', trans.__('skip')],
          ['all', trans.__('run for each that is at most %1 late', late)]
        ]}
        trans={trans}
        onChange={policy =>
          change({
            missed: { ...missed, policy: policy as Automation['missed']['policy'] },
            unread: withoutMissed(unread)
          })
        }
      />
      {missed.policy !== 'skip' &&
        missedField('window_seconds', trans.__('At most this late, in seconds'))}
      {missed.policy === 'all' && missedField('most', trans.__('At most this many runs'))}
      <DraftText fields={fields} name="startsAt" label={trans.__('From')} type="datetime-local" />
      <DraftText fields={fields} name="endsAt" label={trans.__('Until')} type="datetime-local" />
      <DraftText
        fields={fields}
        name="atMost"
        label={trans.__('Number of runs')}
        placeholder={trans.__('no limit')}
      />
    </>
  );
}

/** Return the unreadable texts that are still shown if the fields of missed times go. */
export function withoutMissed(unread: IFields['shown']['unread']): IFields['shown']['unread'] {
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
