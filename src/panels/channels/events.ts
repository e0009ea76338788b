import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';

/** The events that a new channel and a schedule report. */
export const USUAL: readonly NoticeEvent[] = ['failed', 'recovered', 'schedule-missed'];

/** Return the label of each event, in the order of a form. */
export function eventLabels(trans: TranslationBundle): readonly (readonly [NoticeEvent, string])[] {
  return [
    ['failed', trans.__('failed')],
    ['recovered', trans.__('succeeded again')],
    ['schedule-missed', trans.__('missed its schedule')],
    ['running-long', trans.__('takes long')],
    ['retried', trans.__('retried')],
    ['succeeded', trans.__('succeeded')]
  ];
}
