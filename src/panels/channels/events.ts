import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';
import { declaredFields } from '../../forms/schema/fields';

/** The events that a new channel of a schedule reports. */
export const SCHEDULE_EVENTS: readonly NoticeEvent[] = ['failed', 'recovered', 'schedule-missed'];
/** The events that a new channel reports. */
export const OF_CHANNEL: readonly NoticeEvent[] = [...SCHEDULE_EVENTS, 'trigger-failed'];

/** Return the label of each event. */
export function eventLabels(trans: TranslationBundle): Readonly<Record<string, string>> {
  const fields = declaredFields('NewChannel', trans);
  return fields.find(({ name }) => name === 'rules.0.events')!.labels!;
}
