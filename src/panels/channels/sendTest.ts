import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';

/** Send a test message to a channel; return what to show. */
export async function sendTest({ yard, trans }: IPanelServices, channel: string): Promise<string> {
  const { is_sent, reason } = await yard.client.call('channels.test', { path: { channel } });
  return is_sent
    ? trans.__('The channel accepted the test message.')
    : trans.__('Not sent: %1', reasonText(reason, trans) ?? '');
}
