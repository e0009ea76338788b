import { Collection } from '../../api/collection';
import { Channel } from '../../api/types';
import { IYard } from '../../api/yard';

const known = new WeakMap<IYard, Collection<Channel>>();

/** Return the notice channels of a yard, loaded when they are first shown. */
export function channelsOf(yard: IYard): Collection<Channel> {
  let found = known.get(yard);
  if (!found) {
    const { client, stream } = yard;
    found = new Collection<Channel>({
      stream,
      list: query => client.call('channels.list', { query }),
      get: channel => client.call('channels.get', { path: { channel } }),
      about: event => (event.topic === 'channel' ? event.subject_id : null)
    });
    known.set(yard, found);
  }
  return found;
}
