import { Collection } from '../../../api/collection';
import { Project } from '../../../api/types';
import { perYard } from '../../../api/perYard';

/** Return the projects of a yard, loaded when they are first shown. */
export const projectsOf = perYard(
  ({ client, stream }) =>
    new Collection<Project>({
      stream,
      list: query => client.call('projects.list', { query }),
      get: project => client.call('projects.get', { path: { project } }),
      about: event => (event.topic === 'project' ? event.subject_id : null)
    })
);
