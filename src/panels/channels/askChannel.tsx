/** The dialog of one channel. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Button } from '../../components/Button';
import { Channel, NewChannel, NoticeRule } from '../../api/types';
import { IField } from '../../forms/schema/field';
import { bodyOf, declaredFields, Problems } from '../../forms/schema/fields';
import { askFields } from '../frame/dialogs/askFields';
import { problemsOf } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { channelsOf } from './collection';
import { USUAL_EVENTS } from './events';
import { atHost, checkMail, IMail, mailFields, mailUrl } from './mail';
import { sendTest } from './sendTest';

interface IAsked {
  /** The channel to edit. */
  known?: Channel;
  /** The channel is for an automation, which has its own events. */
  forAutomation?: boolean;
}

/** What the form has: an e-mail channel has fields of its own, which become its URL. */
type Typed = Pick<NewChannel, 'name' | 'rules'> & {
  kind: 'url' | 'mail';
  url?: string;
  mail?: IMail;
};

/** Return the rule that the form shows. Rules of projects may come from a push. */
export const ownRule = ({ rules = [] }: Partial<Channel> = {}): NoticeRule | undefined =>
  rules.find(rule => !rule.project) ?? rules[0];

/** Return the stored channel; undefined if the user cancels. */
export function askChannel(
  services: IPanelServices,
  { known, forAutomation }: IAsked
): Promise<Channel | undefined> {
  const { yard, trans } = services;
  const fields = fieldsOf(services, { known, forAutomation });
  const own = ownRule(known) ?? { events: known || forAutomation ? [] : USUAL_EVENTS };
  return askFields<Channel, Typed>(services, {
    title: known ? trans.__('Edit “%1”', known.name) : trans.__('New Channel'),
    ok: trans.__('Save Channel'),
    className: 'nby-Channel-form',
    into: channelsOf(yard),
    fields,
    start: { ...known, rules: [own] },
    below: (values, refuse) => {
      const typed = bodyOf<Typed>(fields, values);
      const test = <SendTest {...{ services, typed, refuse }} channel={known?.id} />;
      return { [typed.kind === 'mail' ? 'mail.password' : 'url']: test };
    },
    request: body => requestOf(body, known),
    send: async body => {
      const { id, question } = requestOf(body, known);
      const call = () => yard.client.call(id, question as never) as Promise<Channel>;
      return asTyped(body, !!known, trans, call);
    }
  });
}

function fieldsOf({ trans }: IPanelServices, { known, forAutomation }: IAsked): IField[] {
  const [name, url, ...rules] = declaredFields('NewChannel', trans);
  const kind: IField = {
    ...{ name: 'kind', kind: 'choice', label: trans.__('Send to') },
    labels: { url: trans.__('Slack, Discord, Teams or another URL'), mail: trans.__('E-mail') },
    first: known?.address.startsWith('mailto') ? 'mail' : 'url'
  };
  const help = known
    ? trans.__('Leave the field empty to keep the current URL.')
    : trans.__('The web address of a webhook (https://…), or a URL of Apprise.');
  return [
    ...[name, kind, { ...url, required: !known, help, when: { kind: 'url' } }],
    ...mailFields(trans, !!known),
    ...(forAutomation ? [] : rules)
  ];
}

function urlOf({ kind, url = '', mail = {} }: Typed): string {
  return kind === 'mail' ? mailUrl(mail) : url.trim();
}

/** Send what was typed; what is refused about an e-mail channel is shown at its own fields. */
async function asTyped<T>(
  { kind, mail = {} }: Typed,
  isKnown: boolean,
  trans: TranslationBundle,
  send: () => Promise<T>
): Promise<T> {
  if (kind !== 'mail') {
    return send();
  }
  checkMail(mail, isKnown, trans);
  return send().catch(error => {
    throw atHost(error);
  });
}

/** Return the request that creates a channel, or changes a known one. */
export function requestOf(typed: Typed, known?: Channel) {
  const { name, rules = [] } = typed;
  const first = ownRule(known);
  const own = rules.map(rule => ({ ...(first ?? { long_factor: 2 }), ...rule }));
  const others = (known?.rules ?? []).filter(rule => rule !== first);
  const all = own[0]?.events.length ? [...own, ...others] : others.filter(rule => rule.project);
  const url = urlOf(typed);
  const body = { name, rules: all };
  if (!known) {
    return { id: 'channels.create', question: { body: { ...body, url } } } as const;
  }
  const change = { ...body, revision: known.revision, ...(url && { url }) };
  return {
    id: 'channels.update',
    question: { path: { channel: known.id }, body: change }
  } as const;
}

interface ISendTestProps {
  services: IPanelServices;
  /** The ID of a stored channel, which is tested without a typed URL. */
  channel?: string;
  typed: Typed;
  refuse: (problems: Problems) => void;
}

/** Sends a test message now, and shows whether it was accepted. */
function SendTest({ services, channel, typed, refuse }: ISendTestProps): JSX.Element {
  const { trans } = services;
  const [said, setSaid] = useState('');
  const [isSending, setSending] = useState(false);
  const send = async () => {
    setSending(true);
    refuse({});
    setSaid(trans.__('Sending…'));
    const url = urlOf(typed);
    try {
      setSaid(await asTyped(typed, !!channel, trans, () => sendTest(services, { url, channel })));
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
