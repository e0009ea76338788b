import { Deployment } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { deploymentIcon } from '../../icons/items';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { openDeployment } from './open';
import { deploymentsOf } from './state/collection';
import { Links } from './Links';
import { actionsOf, hardwareOf, shownState, titleAmong } from './state/texts';
import { reasonText } from '../../reasons';

/** Deployments in the sidebar. */
export function DeploymentSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const deployments = deploymentsOf(yard);
  const nameOf = (deployment: Deployment) => titleAmong(deployment, deployments.items);
  const search = useSearch(deployments, nameOf);
  const now = useAgoNow(yard.stream);
  const open = ({ id }: Deployment) => openDeployment(services, { id });
  return (
    <div className="nby-Section">
      <ListState collection={deployments} trans={trans}>
        <p className="nby-Note">
          {trans.__('Services that run until they are stopped: models, JupyterLab, VS Code.')}
        </p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:create-deployment" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search deployments')} trans={trans} />
      <RowList
        label={trans.__('Deployments')}
        noun="deployment"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={deployment => (
          <Row deployment={deployment} called={nameOf(deployment)} now={now} services={services} />
        )}
        actions={deployment => (
          <>
            <Links yard={yard} deployment={deployment} trans={trans} bare />
            <CommandButton
              commands={commands}
              id={actionsOf(deployment)[0]}
              args={{ id: deployment.id }}
              tabIndex={-1}
              bare
            />
          </>
        )}
        onOpen={open}
        onSelect={open}
        onDelete={({ id }) => void commands.execute('nbyard:delete-deployment', { id })}
      />
      {!search.text && <OlderButton collection={deployments} trans={trans} />}
    </div>
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
      aside={showAgo(created_at, now, trans)}
      detail={[stateText(state, trans), reason, hardwareOf(spec, trans)]
        .filter(Boolean)
        .join(' · ')}
      title={[title, name, spec.image, reason, showMoment(created_at)].filter(Boolean).join('\n')}
    />
  );
}
