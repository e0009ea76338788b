import { ChannelTest } from '../../api/types';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';

/** Send a test message to a channel; return what to show. */
export async function sendTest(services: IPanelServices, channel: string): Promise<string> {
  const { client } = services.yard;
  return resultText(services, await client.call('channels.test', { path: { channel } }));
}

/** Send a test message to a URL, without saving it; return what to show. */
export async function sendTestTo(services: IPanelServices, url: string): Promise<string> {
  const { client } = services.yard;
  return resultText(services, await client.call('channels.test_url', { body: { url } }));
}

function resultText({ trans }: IPanelServices, { is_sent, reason }: ChannelTest): string {
  return is_sent
    ? trans.__('The test message was accepted.')
    : trans.__('Not sent: %1', reasonText(reason, trans) ?? '');
}
