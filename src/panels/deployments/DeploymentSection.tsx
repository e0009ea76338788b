import { Deployment } from '../../api/types';
import { stateText } from '../../components/StateMark';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { deploymentIcon } from '../../icons/items';
import { ListSection } from '../frame/ListSection';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { openDeployment } from './open';
import { deploymentsOf } from './state/collection';
import { Links } from './Links';
import { actionsOf, hardwareOf, shownState, stopText, titleAmong } from './state/texts';
import { reasonText } from '../../reasons';

/** Deployments in the sidebar. */
export function DeploymentSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans } = services;
  const deployments = deploymentsOf(yard);
  const nameOf = (deployment: Deployment) => titleAmong(deployment, deployments.items);
  const now = useAgoNow(yard.stream);
  const open = ({ id }: Deployment) => openDeployment(services, { id });
  return (
    <ListSection
      services={services}
      collection={deployments}
      noun="deployment"
      label={trans.__('Deployments')}
      searchLabel={trans.__('Search deployments')}
      none={trans.__('Services that run until they are stopped: models, JupyterLab, VS Code.')}
      create="create-deployment"
      nameOf={nameOf}
      render={deployment => (
        <Row deployment={deployment} called={nameOf(deployment)} now={now} services={services} />
      )}
      before={deployment => <Links yard={yard} deployment={deployment} trans={trans} bare />}
      commandsOf={deployment => actionsOf(deployment).slice(0, 1)}
      onOpen={open}
      onSelect={open}
    />
  );
}

interface IRowProps {
  deployment: Deployment;
  called: string;
  now: number;
  services: IPanelServices;
}

function Row({ deployment, called, now, services }: IRowProps): JSX.Element {
  const { trans } = services;
  const { title, name, spec, created_at } = deployment;
  const state = shownState(deployment);
  const reason = reasonText(deployment.reason, trans);
  return (
    <SideRow
      icon={deploymentIcon}
      accent={state}
      name={called}
      owner={deployment.owner}
      aside={showAgo(created_at, now, trans)}
      detail={[
        stateText(state, trans),
        reason,
        stopText(deployment, trans),
        hardwareOf(spec, trans)
      ]
        .filter(Boolean)
        .join(' · ')}
      title={[title, name, spec.image, reason, showMoment(created_at)].filter(Boolean).join('\n')}
    />
  );
}
