import { Environment } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { environmentIcon } from '../../icons/items';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { openEnvironment } from './open';
import { OtherKernels } from './OtherKernels';
import { isUnderWay, sizeOf, stateOf } from '../../environments/texts';
import { useObstacle } from './useHere';
import { reasonText } from '../../reasons';

const nameOf = ({ name }: Environment) => name;

/** Environments in the sidebar. */
export function EnvironmentSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { environments } = yard;
  const search = useSearch(environments, nameOf);
  const obstacle = useObstacle(services);
  const open = ({ id }: Environment) => openEnvironment(services, id);
  return (
    <div className="nby-Section">
      <ListState collection={environments} trans={trans}>
        <p className="nby-Note">{trans.__('Versioned package sets, each with its own kernel.')}</p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:create-environment" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search environments')} trans={trans} />
      <RowList
        label={trans.__('Environments')}
        noun="environment"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={environment => <Row environment={environment} services={services} />}
        actions={({ id, installed }) =>
          [
            'install-packages',
            ...(installed ? ['notebook-with-environment', 'use-environment'] : [])
          ].map(name => (
            <CommandButton
              key={name}
              commands={commands}
              id={`nbyard:${name}`}
              args={{ id }}
              why={obstacle}
              tabIndex={-1}
              bare
            />
          ))
        }
        onOpen={open}
        onSelect={open}
        onDelete={({ id }) => void commands.execute('nbyard:delete-environment', { id })}
      />
      {!search.text && <OlderButton collection={environments} trans={trans} />}
      {!search.text && <OtherKernels services={services} />}
    </div>
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
      aside={current.number > 1 && `v${current.number}`}
      detail={[stateText(state, trans), ...details].filter(Boolean).join(' · ')}
      title={[name, kernel, reason].filter(Boolean).join('\n')}
    />
  );
}
