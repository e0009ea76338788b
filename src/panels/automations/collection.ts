import { Collection } from '../../api/collection';
import { Automation } from '../../api/types';
import { perYard } from '../../api/perYard';

/** Return the automations of a yard, loaded when they are first shown. */
export const automationsOf = perYard(
  ({ client, stream }) =>
    new Collection<Automation>({
      stream,
      list: query => client.call('automations.list', { query }),
      get: automation => client.call('automations.get', { path: { automation } }),
      about: (event, items) => {
        // The row shows the state of the newest run.
        const shows = ({ recent }: Automation) => recent?.[0]?.run_id === event.subject_id;
        const id = event.topic === 'run' ? items.find(shows)?.id : undefined;
        return event.topic === 'automation' ? event.subject_id : (id ?? null);
      }
    })
);
