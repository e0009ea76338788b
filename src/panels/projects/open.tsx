import { folderIcon } from '@jupyterlab/ui-components';
import { showItem } from '../frame/itemView';
import { IPanelServices, ITarget } from '../frame/services';
import { share } from './Members';
import ProjectView from './ProjectView';
import { projectsOf } from './state/collection';

export const projectActions = {
  share: (services: IPanelServices, [noun, id]: string[]): Promise<void> =>
    share(services, noun, id),
  /** Open the page of a project. */
  openProject: (services: IPanelServices, [id]: string[]): void =>
    showItem(services, { id } as ITarget, {
      noun: 'project',
      icon: folderIcon,
      label: services.trans.__('Project'),
      collection: projectsOf(services.yard),
      draw: () => <ProjectView services={services} id={id} />
    })
};
