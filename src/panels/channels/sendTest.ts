import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';

/** Send a test message to a URL without saving it, or to a channel; return what to show. */
export async function sendTest(
  { yard, trans }: IPanelServices,
  { channel, url = '' }: { channel?: string; url?: string }
): Promise<string> {
  const { client } = yard;
  const { is_sent, reason } =
    channel && !url
      ? await client.call('channels.test', { path: { channel } })
      : await client.call('channels.test_url', { body: { url } });
  return is_sent
    ? trans.__('The test message was accepted.')
    : trans.__('Not sent: %1', reasonText(reason, trans) ?? '');
}
