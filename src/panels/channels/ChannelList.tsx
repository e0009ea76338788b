import { useEffect, useRef, useState } from 'react';
import { Channel } from '../../api/types';
import { Button } from '../../components/Button';
import { showAgo } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { channelsOf } from './collection';
import { eventLabels } from './events';
import { sendTest } from './sendTest';

interface IChannelListProps {
  services: IPanelServices;
  /** Edit a channel, or a new one. */
  onEdit: (channel?: Channel) => void;
}

/** All notice channels, with their last message and error. */
export function ChannelList({ services, onEdit }: IChannelListProps): JSX.Element {
  const { yard, trans } = services;
  const channels = channelsOf(yard);
  useEffect(() => void channels.start(), [channels]);
  const items = useSignal(channels.changed, () => channels.items);
  const state = useSignal(channels.changed, () => channels.state);
  return (
    <div className="nby-Channels">
      {!items.length && (
        <p className="nby-Note">
          {state === 'ready'
            ? trans.__('No channels yet. A channel sends messages to Slack, e-mail and others.')
            : '…'}
        </p>
      )}
      <ul>
        {items.map(channel => (
          <ChannelRow
            key={channel.id}
            channel={channel}
            services={services}
            onEdit={() => onEdit(channel)}
          />
        ))}
      </ul>
      <Button onClick={() => onEdit()}>{trans.__('New Channel…')}</Button>
    </div>
  );
}

interface IChannelRowProps {
  channel: Channel;
  services: IPanelServices;
  onEdit: () => void;
}

function ChannelRow({ channel, services, onEdit }: IChannelRowProps): JSX.Element {
  const { yard, trans } = services;
  const path = { channel: channel.id };
  const now = useAgoNow(yard.stream);
  const [said, setSaid] = useState('');
  const [isAsked, setAsked] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  const act = async (doing: string, action: () => Promise<string>) => {
    setSaid(doing);
    try {
      setSaid(await action());
    } catch (error) {
      setSaid((error as Error).message);
    }
  };
  const test = () => act(trans.__('Sending…'), () => sendTest(services, { channel: channel.id }));
  const remove = () =>
    act('', async () => {
      await yard.client.call('channels.delete', { path, query: { force: true } });
      leaveRow(row.current);
      channelsOf(yard).remove(channel.id);
      return '';
    });
  const { name, service, address, sent_at, error, counts } = channel;
  const facts = [
    sent_at
      ? trans.__('last message %1', showAgo(sent_at, now, trans))
      : trans.__('no message yet'),
    counts?.waiting && trans.__('%1 waiting', counts.waiting),
    counts?.failed && trans.__('%1 not sent', counts.failed)
  ];
  return (
    <li ref={row} data-id={channel.id} data-channel={name}>
      <strong>{name}</strong> <span className="nby-Field-help">{`${service} · ${address}`}</span>
      <div className="nby-Field-help">
        {[eventsOf(channel, services), ...facts].filter(Boolean).join(' · ')}
      </div>
      {error && <div className="nby-Field-error">{reasonText(error, trans)}</div>}
      <div role="status">{said}</div>
      <div className="nby-Channel-buttons">
        <Button onClick={() => void test()}>{trans.__('Send Test')}</Button>
        <Button className="nby-Channel-edit" onClick={onEdit}>
          {trans.__('Edit')}
        </Button>
        <Button onClick={() => (isAsked ? void remove() : setAsked(true))}>
          {!isAsked
            ? trans.__('Delete')
            : channel.automations?.length
              ? trans.__('Delete, used by %1', channel.automations.join(', '))
              : trans.__('Really Delete')}
        </Button>
      </div>
    </li>
  );
}

/** Move the focus from a row that is about to be removed to its neighbour. */
function leaveRow(row: HTMLElement | null): void {
  if (row?.contains(document.activeElement)) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const left = next ?? row.closest('.nby-Channels');
    left?.querySelector<HTMLElement>(next ? 'button' : ':scope > button')?.focus();
  }
}

/** Return the events of a channel in words, with the projects to which all are limited. */
function eventsOf({ rules = [] }: Channel, { trans }: IPanelServices): string {
  const known = eventLabels(trans);
  const events = [...new Set(rules.flatMap(rule => rule.events))];
  const labels = events.map(event => known[event]).join(', ');
  const projects = [...new Set(rules.map(rule => rule.project))];
  return projects.length && projects.every(Boolean)
    ? trans.__('%1 in %2', labels, projects.join(', '))
    : labels;
}
