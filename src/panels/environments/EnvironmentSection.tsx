import { Environment } from '../../api/types';
import { stateText } from '../../components/StateMark';
import { environmentIcon } from '../../icons/items';
import { ListSection } from '../frame/ListSection';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { openEnvironment } from './open';
import { OtherKernels } from './OtherKernels';
import { isUnderWay, sizeOf, stateOf } from '../../environments/texts';
import { useObstacle } from './useHere';
import { reasonText } from '../../reasons';

/** Environments in the sidebar. */
export function EnvironmentSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans } = services;
  const obstacle = useObstacle(services);
  const open = ({ id }: Environment) => openEnvironment(services, id);
  return (
    <ListSection
      services={services}
      collection={yard.environments}
      noun="environment"
      label={trans.__('Environments')}
      searchLabel={trans.__('Search environments')}
      none={trans.__('Versioned package sets, each with its own kernel.')}
      create="create-environment"
      nameOf={({ name }) => name}
      render={environment => <Row environment={environment} services={services} />}
      commandsOf={({ installed }) => [
        'nbyard:install-packages',
        ...(installed ? ['nbyard:notebook-with-environment', 'nbyard:use-environment'] : [])
      ]}
      why={obstacle}
      onOpen={open}
      onSelect={open}
    >
      <OtherKernels services={services} />
    </ListSection>
  );
}

interface IRowProps {
  environment: Environment;
  services: IPanelServices;
}

function Row({ environment, services }: IRowProps): JSX.Element {
  const { trans } = services;
  const { name, kernel, current, installed } = environment;
  const reason = reasonText(current.reason, trans);
  const details = isUnderWay(current)
    ? [trans.__('version %1', current.number)]
    : current.state === 'failed'
      ? [
          installed
            ? trans.__('version %1 is installed', installed)
            : trans.__('open it to retry, or delete it'),
          reason
        ]
      : [sizeOf(current, trans)];
  const state = stateOf(current);
  return (
    <SideRow
      icon={environmentIcon}
      accent={state}
      name={name}
      owner={environment.owner}
      aside={current.number > 1 && `v${current.number}`}
      detail={[stateText(state, trans), ...details].filter(Boolean).join(' · ')}
      title={[name, kernel, reason].filter(Boolean).join('\n')}
    />
  );
}
