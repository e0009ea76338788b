import { Collection } from '../../api/collection';
import { Trigger } from '../../api/types';
import { perYard } from '../../api/perYard';

/** Return the triggers of a yard, loaded when they are first shown. */
export const triggersOf = perYard(
  ({ client, stream }) =>
    new Collection<Trigger>({
      stream,
      list: query => client.call('triggers.list', { query }),
      get: trigger => client.call('triggers.get', { path: { trigger } }),
      about: (event, items) => {
        // The row shows the state of the newest run.
        const shows = ({ recent }: Trigger) => recent?.[0]?.run_id === event.subject_id;
        const id = event.topic === 'run' ? items.find(shows)?.id : undefined;
        return event.topic === 'trigger' ? event.subject_id : (id ?? null);
      }
    })
);
