import { Collection } from '../../api/collection';
import { Credential } from '../../api/types';
import { IYard } from '../../api/yard';

const known = new WeakMap<IYard, Collection<Credential>>();

/** Return the credentials of a yard, loaded when they are first shown. */
export function credentialsOf(yard: IYard): Collection<Credential> {
  let found = known.get(yard);
  if (!found) {
    const { client, stream } = yard;
    found = new Collection<Credential>({
      stream,
      list: query => client.call('credentials.list', { query }),
      get: credential => client.call('credentials.get', { path: { credential } }),
      about: event => (event.topic === 'credential' ? event.subject_id : null)
    });
    known.set(yard, found);
  }
  return found;
}
