import { Collection } from '../../api/collection';
import { Schedule } from '../../api/types';
import { perYard } from '../../api/perYard';

/** Return the schedules of a yard, loaded when they are first shown. */
export const schedulesOf = perYard(
  ({ client, stream }) =>
    new Collection<Schedule>({
      stream,
      list: query => client.call('schedules.list', { query }),
      get: schedule => client.call('schedules.get', { path: { schedule } }),
      about: (event, items) => {
        // The row shows the state of the newest run.
        const shows = ({ recent }: Schedule) => recent?.[0]?.run_id === event.subject_id;
        const id = event.topic === 'run' ? items.find(shows)?.id : undefined;
        return event.topic === 'schedule' ? event.subject_id : (id ?? null);
      }
    })
);
