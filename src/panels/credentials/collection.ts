import { Collection } from '../../api/collection';
import { Credential } from '../../api/types';
import { perYard } from '../../api/perYard';

/** Return the credentials of a yard, loaded when they are first shown. */
export const credentialsOf = perYard(
  ({ client, stream }) =>
    new Collection<Credential>({
      stream,
      list: query => client.call('credentials.list', { query }),
      get: credential => client.call('credentials.get', { path: { credential } }),
      about: event => (event.topic === 'credential' ? event.subject_id : null)
    })
);
