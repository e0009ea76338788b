import { datasetIcon } from '../../icons/items';
import { showItem } from '../frame/itemView';
import { IPanelServices, ITarget } from '../frame/services';
import DatasetView from './DatasetView';

export function openDataset(services: IPanelServices, id: string): void {
  showItem(services, { id } as ITarget, {
    noun: 'dataset',
    icon: datasetIcon,
    label: services.trans.__('Dataset'),
    collection: services.yard.datasets,
    draw: () => <DatasetView services={services} id={id} />
  });
}
