import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';
import { declaredFields } from '../../forms/schema/fields';

/** The events that a new channel, or a channel of an automation, reports. */
export const USUAL_EVENTS: readonly NoticeEvent[] = ['failed', 'recovered', 'automation-missed'];

/** Return the label of each event. */
export function eventLabels(trans: TranslationBundle): Readonly<Record<string, string>> {
  const fields = declaredFields('NewChannel', trans);
  return fields.find(({ name }) => name === 'rules.0.events')!.labels!;
}
