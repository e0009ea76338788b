import { deploymentIcon } from '../../icons/items';
import { showItem } from '../frame/itemView';
import { IDeploymentTarget, IPanelServices } from '../frame/services';
import DeploymentView from './DeploymentView';
import { deploymentsOf } from './state/collection';

export function openDeployment(services: IPanelServices, target: IDeploymentTarget): void {
  const { yard, trans } = services;
  showItem<IDeploymentTarget>(services, target, {
    noun: 'deployment',
    icon: deploymentIcon,
    label: target.chooses
      ? trans.__('Deploy a Model')
      : target.id === undefined
        ? trans.__('New Deployment')
        : trans.__('Deployment'),
    collection: deploymentsOf(yard),
    key: ({ id, chooses, image, model }) =>
      id === undefined
        ? `new ${chooses ? '?' : (image ?? JSON.stringify(model ?? ''))}`
        : undefined,
    draw: panel => (
      <DeploymentView
        services={services}
        target={panel.target}
        onMade={(id, tab) => (panel.target = { id, tab, isNew: true })}
        onChosen={chosen => (panel.target = chosen)}
      />
    )
  });
}
