/** The dialog of one channel. */
import { useState } from 'react';
import { Button } from '../../components/Button';
import { Channel, NewChannel, NoticeRule } from '../../api/types';
import { declaredFields, Problems } from '../../forms/schema/fields';
import { askFields } from '../frame/dialogs/askFields';
import { problemsOf } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { channelsOf } from './collection';
import { USUAL_EVENTS } from './events';
import { sendTest } from './sendTest';

interface IAsked {
  /** The channel to edit. */
  known?: Channel;
  /** The channel is for an automation, which has its own events. */
  forAutomation?: boolean;
}

/** Return the rule that the form shows. Rules of projects may come from a push. */
export const ownRule = ({ rules = [] }: Partial<Channel> = {}): NoticeRule | undefined =>
  rules.find(rule => !rule.project) ?? rules[0];

/** Return the stored channel; undefined if the user cancels. */
export function askChannel(
  services: IPanelServices,
  { known, forAutomation }: IAsked
): Promise<Channel | undefined> {
  const { yard, trans } = services;
  const own = ownRule(known) ?? { events: known || forAutomation ? [] : USUAL_EVENTS };
  const keepsUrl = {
    required: false,
    help: trans.__('Leave the field empty to keep the current URL.')
  };
  return askFields<Channel, NewChannel>(services, {
    title: known ? trans.__('Edit “%1”', known.name) : trans.__('New Channel'),
    ok: trans.__('Save Channel'),
    className: 'nby-Channel-form',
    into: channelsOf(yard),
    fields: declaredFields('NewChannel', trans)
      .filter(({ name }) => !forAutomation || !name.startsWith('rules.'))
      .map(field => (known && field.name === 'url' ? { ...field, ...keepsUrl } : field)),
    start: { ...known, rules: [own] },
    below: (values, refuse) => ({
      url: (
        <SendTest
          services={services}
          channel={known?.id}
          url={String(values.url).trim()}
          refuse={refuse}
        />
      )
    }),
    request: body => requestOf(body, known)
  });
}

/** Return the request that creates a channel, or changes a known one. */
export function requestOf({ name, url, rules = [] }: NewChannel, known?: Channel) {
  const first = ownRule(known);
  const own = rules.map(rule => ({ ...(first ?? { long_factor: 2 }), ...rule }));
  const others = (known?.rules ?? []).filter(rule => rule !== first);
  const all = own[0]?.events.length ? [...own, ...others] : others.filter(rule => rule.project);
  const body = { name, url: url.trim(), rules: all };
  if (!known) {
    return { id: 'channels.create', question: { body } } as const;
  }
  const { url: typed, ...rest } = body;
  const change = { ...rest, revision: known.revision, ...(typed && { url: typed }) };
  return {
    id: 'channels.update',
    question: { path: { channel: known.id }, body: change }
  } as const;
}

interface ISendTestProps {
  services: IPanelServices;
  /** The ID of a stored channel, which is tested without a typed URL. */
  channel?: string;
  url: string;
  refuse: (problems: Problems) => void;
}

/** Sends a test message now, and shows whether it was accepted. */
function SendTest({ services, channel, url, refuse }: ISendTestProps): JSX.Element {
  const { trans } = services;
  const [said, setSaid] = useState('');
  const [isSending, setSending] = useState(false);
  const send = async () => {
    setSending(true);
    refuse({});
    setSaid(trans.__('Sending…'));
    try {
      setSaid(await sendTest(services, { url, channel }));
    } catch (error) {
      setSaid('');
      refuse(problemsOf(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <div className="nby-Channel-buttons">
      <Button
        title={trans.__('Send a test message now, without saving')}
        aria-disabled={isSending} // disabled, the button would lose the focus
        onClick={() => !isSending && void send()}
      >
        {trans.__('Send Test')}
      </Button>
      <span role="status">{said}</span>
    </div>
  );
}
