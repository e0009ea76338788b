import { Collection } from '../../../api/collection';
import { Deployment } from '../../../api/types';
import { perYard } from '../../../api/perYard';

/** Return the deployments of a yard, loaded when they are first shown. */
export const deploymentsOf = perYard(
  ({ client, stream }) =>
    new Collection<Deployment>({
      stream,
      list: query => client.call('deployments.list', { query }),
      get: deployment => client.call('deployments.get', { path: { deployment } }),
      about: event => (event.topic === 'deployment' ? event.subject_id : null)
    })
);
