import { useState } from 'react';
import { Environment, EnvironmentVersion } from '../../api/types';
import { IPanelServices } from '../frame/services';
import { useGrowingLog } from '../frame/growingLog';
import { LogBox } from '../../components/log/LogBox';
import { isUnderWay } from '../../environments/texts';

interface IInstallLogProps {
  services: IPanelServices;
  environment: Environment;
  versions: readonly EnvironmentVersion[];
}

/** The log of installing a version. */
export function InstallLog({ services, environment, versions }: IInstallLogProps): JSX.Element {
  const { yard, trans } = services;
  const { id, current } = environment;
  const [number, setNumber] = useState<number>();
  const version = versions.find(candidate => candidate.number === number) ?? current;
  // a repeated installation writes a new log in another folder
  const of = `${version.id} ${version.place}`;
  const log = useGrowingLog(of, (after, signal) =>
    yard.client.call('environments.log', {
      path: { environment: id },
      query: { after, version: version.number },
      signal
    })
  );
  return (
    <LogBox
      {...log}
      label={trans.__('Log of version %1', version.number)}
      isLive={isUnderWay(version)}
      trans={trans}
    >
      {versions.length > 1 && (
        <label>
          {trans.__('Log of')}{' '}
          <select
            value={version.number}
            onChange={event => {
              const wanted = Number(event.target.value);
              setNumber(wanted === current.number ? undefined : wanted);
            }}
          >
            {versions.map(item => (
              <option key={item.id} value={item.number}>
                {trans.__('version %1', item.number)}
              </option>
            ))}
          </select>
        </label>
      )}
    </LogBox>
  );
}
