import { Collection } from '../../../api/collection';
import { Deployment } from '../../../api/types';
import { IYard } from '../../../api/yard';

const known = new WeakMap<IYard, Collection<Deployment>>();

/** Return the deployments of a yard, loaded when they are first shown. */
export function deploymentsOf(yard: IYard): Collection<Deployment> {
  let found = known.get(yard);
  if (!found) {
    const { client, stream } = yard;
    found = new Collection<Deployment>({
      stream,
      list: query => client.call('deployments.list', { query }),
      get: deployment => client.call('deployments.get', { path: { deployment } }),
      about: event => (event.topic === 'deployment' ? event.subject_id : null)
    });
    known.set(yard, found);
  }
  return found;
}
