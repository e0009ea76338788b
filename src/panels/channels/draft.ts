/** The typed values of a channel, and the request that stores them. */
import { Channel, NoticeEvent, NoticeRule } from '../../api/types';
import { USUAL_EVENTS } from './events';

export interface IChannelDraft {
  name: string;
  url: string;
  events: NoticeEvent[];
  path: string;
  project: string;
  /** In minutes. */
  longAfter: string;
}

/** Return the rule that the form shows. Rules of projects may come from a push. */
const ownRule = ({ rules = [] }: Partial<Channel> = {}): NoticeRule | undefined =>
  rules.find(rule => !rule.project) ?? rules[0];

/** Return the values of a channel, or those that a new one has at first. */
export function draftOf(known?: Channel, forAutomation?: boolean): IChannelDraft {
  const first = ownRule(known);
  const seconds = first?.long_seconds;
  return {
    name: known?.name ?? '',
    url: '',
    events: first?.events ?? (known || forAutomation ? [] : [...USUAL_EVENTS]),
    path: first?.path ?? '',
    project: first?.project ?? '',
    longAfter: seconds ? String(seconds / 60) : ''
  };
}

/** Return the request that creates a channel, or changes a known one. */
export function requestOf(draft: IChannelDraft, known?: Channel) {
  const { events, path, project, longAfter } = draft;
  const first = ownRule(known);
  const limits = { path, project, long_seconds: longAfter.trim() ? Number(longAfter) * 60 : null };
  const own: NoticeRule = { long_factor: 2, ...first, events, ...limits };
  const others = (known?.rules ?? []).filter(rule => rule !== first);
  const rules = events.length ? [own, ...others] : others.filter(rule => rule.project);
  const [name, url] = [draft.name.trim(), draft.url.trim()];
  if (!known) {
    return { id: 'channels.create', question: { body: { name, url, rules } } } as const;
  }
  const body = { revision: known.revision, name, rules, ...(url && { url }) };
  return { id: 'channels.update', question: { path: { channel: known.id }, body } } as const;
}
