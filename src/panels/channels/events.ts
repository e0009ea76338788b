import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';

/** The events that a new channel of a schedule reports. */
export const SCHEDULE_EVENTS: readonly NoticeEvent[] = ['failed', 'recovered', 'schedule-missed'];
/** The events that a new channel reports. */
export const OF_CHANNEL: readonly NoticeEvent[] = [...SCHEDULE_EVENTS, 'trigger-failed'];

/** Return the label of each event, in the order of a form. */
export function eventLabels(trans: TranslationBundle): readonly (readonly [NoticeEvent, string])[] {
  return [
    ['failed', trans.__('failed')],
    ['recovered', trans.__('succeeded again')],
    ['schedule-missed', trans.__('missed its schedule')],
    ['trigger-failed', trans.__('did not start when its trigger fired')],
    ['running-long', trans.__('takes long')],
    ['retried', trans.__('retried')],
    ['succeeded', trans.__('succeeded')],
    ['cancelled', trans.__('cancelled')]
  ];
}
