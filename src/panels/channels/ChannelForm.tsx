import { useState } from 'react';
import { More } from '../../components/More';
import { useDialogDraft } from '../../components/hooks/useDraft';
import { FieldFrame } from '../../forms/FieldFrame';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';
import { BoxesField, TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { IChannelDraft } from './draft';
import { eventLabels } from './events';
import { ProjectField } from './ProjectField';

const EXAMPLE = 'mailtos://USER:PASSWORD@smtp.example.org?to=me@example.org';
const LIMITS = /^rules\.0\.(path|project|long_seconds)$/;

interface IChannelFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IChannelDraft;
  /** The channel exists, so its URL may stay. */
  isKnown: boolean;
  /** The channel is for an automation, which has its own events. */
  forAutomation?: boolean;
  problems: Problems;
  /** Send a test message to the typed URL; return what to show. */
  onTest: () => Promise<string>;
}

/** The fields of a notice channel. Its URL is never shown again. */
export function ChannelForm(props: IChannelFormProps): JSX.Element {
  const { services, draft, isKnown, forAutomation, onTest } = props;
  const { trans } = services;
  const [shown, change] = useDialogDraft(draft, ({ url: _, ...rest }) => rest);
  const [problems, setProblems] = useState(props.problems);
  const [said, setSaid] = useState('');
  const [isSending, setSending] = useState(false);
  const test = async () => {
    setSending(true);
    setProblems({});
    setSaid(trans.__('Sending…'));
    try {
      setSaid(await onTest());
    } catch (error) {
      setSaid('');
      setProblems(problemsOf(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <div className="nby-Form nby-Channel-form">
      {problems[''] && problems !== props.problems && (
        <p className="nby-Field-error" role="alert">
          {problems['']}
        </p>
      )}
      <TextField
        label={trans.__('Name')}
        value={shown.name}
        error={problems.name}
        required
        trans={trans}
        onChange={name => change({ name })}
      />
      <FieldFrame
        label={trans.__('URL')}
        help={
          isKnown
            ? trans.__('Leave the field empty to keep the current URL.')
            : [
                trans.__('Slack, Discord, Teams: the web address of a webhook (https://…).'),
                trans.__('E-mail: %1', EXAMPLE)
              ].join(' ')
        }
        error={problems.url}
        trans={trans}
        required={!isKnown}
      >
        {control => (
          <input
            {...control}
            className="jp-mod-styled"
            type="password"
            autoComplete="new-password"
            value={shown.url}
            onChange={event => change({ url: event.target.value })}
          />
        )}
      </FieldFrame>
      <div className="nby-Channel-buttons">
        <button
          type="button"
          className="nby-Button"
          title={trans.__('Send a test message now, without saving')}
          aria-disabled={isSending} // disabled, the button would lose the focus
          onClick={() => !isSending && void test()}
        >
          {trans.__('Send Test')}
        </button>
        <span role="status">{said}</span>
      </div>
      {!forAutomation && (
        <>
          <BoxesField
            label={trans.__('Send a message when a run')}
            values={shown.events}
            options={eventLabels(trans)}
            error={problems['rules.0.events']}
            onChange={events => change({ events })}
          />
          <More
            summary={trans.__('More')}
            open={Object.keys(problems).some(place => LIMITS.test(place))}
          >
            <TextField
              label={trans.__('Only runs of this file')}
              placeholder={trans.__('all files')}
              value={shown.path}
              error={problems['rules.0.path']}
              trans={trans}
              onChange={path => change({ path })}
            />
            <ProjectField
              services={services}
              value={shown.project}
              error={problems['rules.0.project']}
              onChange={project => change({ project })}
            />
            <TextField
              label={trans.__('A run takes long after (minutes)')}
              inputMode="decimal"
              placeholder={trans.__('twice its usual duration')}
              value={shown.longAfter}
              error={problems['rules.0.long_seconds']}
              trans={trans}
              onChange={longAfter => change({ longAfter })}
            />
          </More>
        </>
      )}
    </div>
  );
}
