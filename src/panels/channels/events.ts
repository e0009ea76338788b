import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';

/** The events that a new channel, or a channel of an automation, reports. */
export const USUAL_EVENTS: readonly NoticeEvent[] = ['failed', 'recovered', 'automation-missed'];

/** Return the label of each event, in the order of a form. */
export function eventLabels(trans: TranslationBundle): readonly (readonly [NoticeEvent, string])[] {
  return [
    ['failed', trans.__('failed')],
    ['recovered', trans.__('succeeded again')],
    ['automation-missed', trans.__('did not start')],
    ['running-long', trans.__('takes long')],
    ['retried', trans.__('retried')],
    ['succeeded', trans.__('succeeded')],
    ['cancelled', trans.__('cancelled')]
  ];
}
