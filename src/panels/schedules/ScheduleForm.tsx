import { useEffect, useState } from 'react';
import { ApiError } from '../../api/client';
import { Schedule, SchedulePreview } from '../../api/types';
import { More } from '../../components/More';
import { FieldFrame, SuggestedInput } from '../../forms/FieldFrame';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';

/** While the user types, the server is not asked. */
const PAUSE_MS = 250;
const EXAMPLES = ['weekdays 8:00', 'every 15 minutes', 'in 2 hours', 'monday 9:30', '0 8 * * 1-5'];

/** The typed values. */
export interface IScheduleDraft {
  words: string;
  zone: string;
  name: string;
  mode: Schedule['mode'];
  overlap: Schedule['overlap'];
  missed: Schedule['missed'];
  atMost: string;
}

/** Return the values of a schedule, or those that a new one has at first. */
export function draftOf(known?: Schedule): IScheduleDraft {
  return {
    words: known?.words ?? 'weekdays 8:00',
    zone: known?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    name: known?.name ?? '',
    mode: known?.mode ?? 'follows',
    overlap: known?.overlap ?? 'skip',
    missed: known?.missed ?? { policy: 'last', window_seconds: 3600, most: 10 },
    atMost: known?.at_most ? String(known.at_most) : ''
  };
}

/** Return what the form sends. */
export function bodyOf({ words, atMost, ...same }: IScheduleDraft) {
  const at_most = atMost.trim() ? Number(atMost) : null;
  return { ...same, timing: { kind: 'words' as const, text: words }, at_most };
}

export type IScheduleBody = ReturnType<typeof bodyOf>;

interface IScheduleFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IScheduleDraft;
  problems: Readonly<Record<string, string>>;
}

/** When a file runs, in words or as cron, with the next times. */
export function ScheduleForm({ services, draft, problems }: IScheduleFormProps): JSX.Element {
  const { trans } = services;
  const [shown, setShown] = useState({ ...draft });
  const change = (part: Partial<IScheduleDraft>) => {
    Object.assign(draft, part);
    setShown({ ...draft });
  };
  const { preview, problem } = usePreview(services, shown.words, shown.zone);
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
      ['last', trans.__('run once, within one hour')],
      ['skip', trans.__('skip')],
      ['all', trans.__('run for each, within one hour')]
    ]
  };
  const refused = problems.timing ?? problems['timing.text'];
  return (
    <div className="nby-Form nby-Schedule">
      <FieldFrame label={trans.__('When')} error={problem || refused} trans={trans}>
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
        {preview && (
          <>
            <p>{reasonText(preview.sentence, trans)}</p>
            <ol>
              {preview.next.map(({ at, local, note }) => (
                <li key={at}>
                  {local}
                  {note && <em> ({reasonText(note, trans)})</em>}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
      <Text
        label={trans.__('Time zone')}
        value={shown.zone}
        error={problems.zone}
        services={services}
        onChange={zone => change({ zone })}
      />
      <More summary={trans.__('More')} open={['name', 'at_most'].some(one => !!problems[one])}>
        <Choice
          label={trans.__('Each run uses')}
          value={shown.mode}
          options={choices.mode}
          services={services}
          onChange={mode => change({ mode: mode as IScheduleDraft['mode'] })}
        />
        <Choice
          label={trans.__('If the earlier run is still running')}
          value={shown.overlap}
          options={choices.overlap}
          services={services}
          onChange={overlap => change({ overlap: overlap as IScheduleDraft['overlap'] })}
        />
        <Choice
          label={trans.__('Times that passed while nbyard was off')}
          value={shown.missed.policy}
          options={choices.missed}
          services={services}
          onChange={policy =>
            change({
              missed: { ...shown.missed, policy: policy as Schedule['missed']['policy'] }
            })
          }
        />
        <Text
          label={trans.__('Number of runs')}
          placeholder={trans.__('no limit')}
          value={shown.atMost}
          error={problems.at_most}
          services={services}
          onChange={atMost => change({ atMost })}
        />
        <Text
          label={trans.__('Name')}
          value={shown.name}
          error={problems.name}
          services={services}
          onChange={name => change({ name })}
        />
      </More>
    </div>
  );
}

interface IInputProps {
  label: string;
  value: string;
  services: IPanelServices;
  onChange: (value: string) => void;
}

function Text(props: IInputProps & { error?: string; placeholder?: string }): JSX.Element {
  const { label, value, error, placeholder, services, onChange } = props;
  return (
    <FieldFrame label={label} error={error} trans={services.trans}>
      {control => (
        <input
          {...control}
          className="jp-mod-styled"
          placeholder={placeholder}
          value={value}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </FieldFrame>
  );
}

function Choice(props: IInputProps & { options: string[][] }): JSX.Element {
  const { label, value, options, services, onChange } = props;
  return (
    <FieldFrame label={label} trans={services.trans}>
      {control => (
        <select
          {...control}
          className="jp-mod-styled"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

/** Return the sentence and the next times, asked after the user stops typing. */
function usePreview(
  { yard }: IPanelServices,
  text: string,
  zone: string
): { preview?: SchedulePreview; problem?: string } {
  const [answer, setAnswer] = useState<{ preview?: SchedulePreview; problem?: string }>({});
  useEffect(() => {
    const control = new AbortController();
    const body = { timing: { kind: 'words' as const, text }, zone };
    const timer = setTimeout(() => {
      yard.client
        .call('schedules.preview', { body, signal: control.signal })
        .then(preview => setAnswer({ preview }))
        .catch(
          (error: ApiError) => !control.signal.aborted && setAnswer({ problem: error.message })
        );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [yard, text, zone]);
  return answer;
}
