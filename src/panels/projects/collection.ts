import { Collection } from '../../api/collection';
import { Project } from '../../api/types';
import { IYard } from '../../api/yard';

const known = new WeakMap<IYard, Collection<Project>>();

/** Return the projects of a yard, loaded when they are first shown. */
export function projectsOf(yard: IYard): Collection<Project> {
  let found = known.get(yard);
  if (!found) {
    const { client, stream } = yard;
    found = new Collection<Project>({
      stream,
      list: query => client.call('projects.list', { query }),
      get: project => client.call('projects.get', { path: { project } }),
      about: event => (event.topic === 'project' ? event.subject_id : null)
    });
    known.set(yard, found);
  }
  return found;
}
