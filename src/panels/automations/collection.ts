import { Collection } from '../../api/collection';
import { perYard } from '../../api/perYard';
import { Automation } from '../../api/types';

/** The largest page of the server. */
const PAGE = 500;

/** Return all automations of a yard, loaded when they are first shown. */
export const automationsOf = perYard(
  ({ client, stream }) =>
    new Collection<Automation>({
      stream,
      list: async ({ after, ...query }) => {
        const items: Automation[] = [];
        let next = after ?? '';
        do {
          const page = await client.call('automations.list', {
            query: { ...query, limit: PAGE, after: next }
          });
          items.push(...page.items);
          next = page.next ?? '';
        } while (next);
        return { items };
      },
      get: automation => client.call('automations.get', { path: { automation } }),
      about: (event, items) => {
        // The row shows the state of the newest run.
        const shows = ({ recent }: Automation) => recent?.[0]?.run_id === event.subject_id;
        const id = event.topic === 'run' ? items.find(shows)?.id : undefined;
        return event.topic === 'automation' ? event.subject_id : (id ?? null);
      }
    })
);
