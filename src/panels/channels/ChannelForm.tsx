import { useState } from 'react';
import { Channel, NoticeEvent, NoticeRule } from '../../api/types';
import { More } from '../../components/More';
import { FieldFrame } from '../../forms/FieldFrame';
import { hidden, ShowAsCommand } from '../../spelling/ShowAsCommand';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';
import { BoxesField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { channelsOf } from './collection';
import { eventLabels, OF_CHANNEL } from './events';
import { ProjectField } from './ProjectField';

const LIMITS = /^rules\.0\.(path|project|long_seconds)$/;

interface IChannelFormProps {
  services: IPanelServices;
  /** The channel to edit. */
  known?: Channel;
  /** The form is part of a schedule, which has its own events. */
  forSchedule?: boolean;
  /** Called with the stored channel; without one if the user cancels. */
  onDone: (channel?: Channel) => void;
}

/** The fields of a notice channel. Its URL is never shown again. */
export function ChannelForm(props: IChannelFormProps): JSX.Element {
  const { services, known, forSchedule, onDone } = props;
  const { trans } = services;
  const first = known?.rules?.[0];
  const [name, setName] = useState(known?.name ?? '');
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<NoticeEvent[]>(
    first?.events ?? (known || forSchedule ? [] : [...OF_CHANNEL])
  );
  const [path, setPath] = useState(first?.path ?? '');
  const [project, setProject] = useState(first?.project ?? '');
  const [longAfter, setLongAfter] = useState(textOf(first?.long_seconds));
  const [problems, setProblems] = useState<Problems>({});
  const [isSending, setSending] = useState(false);
  const draft = (): IChannelDraft => {
    const typed = longAfter.trim() ? Number(longAfter) * 60 : null;
    const limits = { path, project, long_seconds: typed };
    const own: NoticeRule = { long_factor: 2, ...first, events, ...limits };
    const rules = events.length ? [own, ...(known?.rules ?? []).slice(1)] : [];
    return { name: name.trim(), url: url.trim(), rules };
  };
  const request = () => requestOf({ ...draft(), url: hidden(url.trim()) }, known);
  const save = async () => {
    setSending(true);
    try {
      onDone(await send(services, draft(), known));
    } catch (error) {
      setProblems(problemsOf(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <div className="nby-Form nby-InnerForm nby-Channel-form">
      {problems[''] && (
        <p className="nby-Field-error" role="alert">
          {problems['']}
        </p>
      )}
      <FieldFrame label={trans.__('Name')} error={problems.name} trans={trans} required>
        {control => (
          <input
            {...control}
            className="jp-mod-styled"
            value={name}
            onChange={event => setName(event.target.value)}
          />
        )}
      </FieldFrame>
      <FieldFrame
        label={trans.__('URL')}
        help={
          known
            ? trans.__('Leave the field empty to keep the current URL.')
            : trans.__('A webhook (https://…), or mailtos://…, slack://… and others of Apprise.')
        }
        error={problems.url}
        trans={trans}
        required={!known}
      >
        {control => (
          <input
            {...control}
            className="jp-mod-styled"
            type="password"
            autoComplete="new-password"
            value={url}
            onChange={event => setUrl(event.target.value)}
          />
        )}
      </FieldFrame>
      {!forSchedule && (
        <>
          <BoxesField
            label={trans.__('Send a message when a run')}
            values={events}
            options={eventLabels(trans)}
            error={problems['rules.0.events']}
            onChange={setEvents}
          />
          <More
            summary={trans.__('More')}
            open={Object.keys(problems).some(place => LIMITS.test(place))}
          >
            <FieldFrame
              label={trans.__('Only runs of this file')}
              error={problems['rules.0.path']}
              trans={trans}
            >
              {control => (
                <input
                  {...control}
                  className="jp-mod-styled"
                  placeholder={trans.__('all files')}
                  value={path}
                  onChange={event => setPath(event.target.value)}
                />
              )}
            </FieldFrame>
            <ProjectField
              services={services}
              value={project}
              error={problems['rules.0.project']}
              onChange={setProject}
            />
            <FieldFrame
              label={trans.__('A run takes long after (minutes)')}
              error={problems['rules.0.long_seconds']}
              trans={trans}
            >
              {control => (
                <input
                  {...control}
                  className="jp-mod-styled"
                  inputMode="decimal"
                  placeholder={trans.__('twice its usual duration')}
                  value={longAfter}
                  onChange={event => setLongAfter(event.target.value)}
                />
              )}
            </FieldFrame>
          </More>
        </>
      )}
      <ShowAsCommand spelling={{ client: services.yard.client, request }} trans={trans} />
      <div className="nby-Channel-buttons">
        <button type="button" className="nby-Button" onClick={() => onDone()}>
          {trans.__('Cancel')}
        </button>
        <button
          type="button"
          className="nby-Button nby-mod-accept"
          disabled={isSending}
          onClick={() => void save()}
        >
          {trans.__('Save Channel')}
        </button>
      </div>
    </div>
  );
}

interface IChannelDraft {
  name: string;
  url: string;
  rules: NoticeRule[];
}

function requestOf({ url, ...same }: IChannelDraft, known?: Channel) {
  if (!known) {
    return { id: 'channels.create', question: { body: { url, ...same } } } as const;
  }
  const body = { revision: known.revision, ...same, ...(url && { url }) };
  return { id: 'channels.update', question: { path: { channel: known.id }, body } } as const;
}

async function send(
  { yard }: IPanelServices,
  draft: IChannelDraft,
  known?: Channel
): Promise<Channel> {
  const request = requestOf(draft, known);
  const made =
    request.id === 'channels.update'
      ? await yard.client.call(request.id, request.question)
      : await yard.client.call(request.id, request.question);
  channelsOf(yard).put(made);
  return made;
}

function textOf(seconds?: number | null): string {
  return seconds ? String(seconds / 60) : '';
}
