import { useEffect, useState } from 'react';
import { Deployment, DeploymentEvent, Revision } from '../../../api/types';
import { IPanelServices } from '../../frame/services';

const MAX_SHOWN = 200;

/** Return the revisions, newest first; reload them when the deployment changes. */
export function useRevisions(
  { yard }: IPanelServices,
  deployment: Deployment
): readonly Revision[] {
  const [revisions, setRevisions] = useState<readonly Revision[]>([]);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    yard.client
      .call('deployments.revisions', {
        path: { deployment: deployment.id },
        query: { limit: MAX_SHOWN },
        signal
      })
      .then(({ items }) => setRevisions(items))
      .catch(() => undefined); // the next change asks again
    return () => control.abort();
  }, [yard, deployment]);
  return revisions;
}

/** Return the events of a deployment, newest first; a text if they cannot be loaded. */
export function useEvents(
  { yard }: IPanelServices,
  deployment: Deployment
): readonly DeploymentEvent[] | string | undefined {
  const [events, setEvents] = useState<readonly DeploymentEvent[] | string>();
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    yard.client
      .call('deployments.events', { path: { deployment: deployment.id }, signal })
      .then(({ items }) => setEvents(items))
      .catch((error: Error) => !signal.aborted && setEvents(error.message));
    return () => control.abort();
  }, [yard, deployment]);
  return events;
}
