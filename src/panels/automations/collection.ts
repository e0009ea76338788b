import { collectionOf } from '../../api/perYard';
import { Automation } from '../../api/types';

/** Return the automations of a yard, loaded when they are first shown. */
export const automationsOf = collectionOf<Automation>('automation', (event, items) => {
  // The row shows the state of the newest run.
  const shows = ({ recent }: Automation) => recent?.[0]?.run_id === event.subject_id;
  const id = event.topic === 'run' ? items.find(shows)?.id : undefined;
  return event.topic === 'automation' ? event.subject_id : (id ?? null);
});
