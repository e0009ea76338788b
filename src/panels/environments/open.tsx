import { environmentIcon } from '../../icons/items';
import { showItem } from '../frame/itemView';
import { IPanelServices, ITarget } from '../frame/services';
import EnvironmentView from './EnvironmentView';

/** Open an environment. `tab` is the first tab; "add" is the field for packages. */
export function openEnvironment(services: IPanelServices, id: string, tab?: string): void {
  showItem(services, { id, tab } as ITarget, {
    noun: 'environment',
    icon: environmentIcon,
    label: services.trans.__('Environment'),
    collection: services.yard.environments,
    draw: ({ target }) => <EnvironmentView services={services} id={id} target={target} />
  });
}
