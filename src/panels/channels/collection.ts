import { Collection } from '../../api/collection';
import { Channel } from '../../api/types';
import { perYard } from '../../api/perYard';

/** Return the notice channels of a yard, loaded when they are first shown. */
export const channelsOf = perYard(
  ({ client, stream }) =>
    new Collection<Channel>({
      stream,
      list: query => client.call('channels.list', { query }),
      get: channel => client.call('channels.get', { path: { channel } }),
      about: event => (event.topic === 'channel' ? event.subject_id : null)
    })
);
