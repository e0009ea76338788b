import { askFields } from '../frame/dialogs/askFields';
import { IPanelServices } from '../frame/services';

/** Ask for the reason of a pause, and start it. */
export function askDrain(services: IPanelServices): Promise<unknown> {
  const { trans } = services;
  return askFields<object, { text: string }>(services, {
    title: trans.__('Pause new tasks'),
    ok: trans.__('Pause'),
    fields: [
      {
        ...{ name: 'text', kind: 'text', label: trans.__('Reason'), required: true },
        help: trans.__('Users see it in the queue. Running tasks end.')
      }
    ],
    request: query => ({ id: 'admin.drain', question: { query } })
  });
}

/** Ask for a message to all users, and show it. */
export function askBroadcast(services: IPanelServices): Promise<unknown> {
  const { trans } = services;
  return askFields<object, { text: string; until: string }>(services, {
    title: trans.__('Message to all users'),
    ok: trans.__('Show'),
    fields: [
      { name: 'text', kind: 'text', label: trans.__('Message'), required: true },
      { name: 'until', kind: 'moment', label: trans.__('Until'), required: true }
    ],
    request: query => ({ id: 'admin.broadcast', question: { query } })
  });
}
