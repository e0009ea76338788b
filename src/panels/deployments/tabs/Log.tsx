import { useState } from 'react';
import { Deployment, Revision } from '../../../api/types';
import { useGrowingLog } from '../../frame/growingLog';
import { LogBox } from '../../../components/log/LogBox';
import { IPanelServices } from '../../frame/services';
import { isAtRest } from '../state/texts';

interface ILogProps {
  services: IPanelServices;
  deployment: Deployment;
  revisions: readonly Revision[];
}

/** The log of a revision. */
export function Log({ services, deployment, revisions }: ILogProps): JSX.Element {
  const { yard, trans } = services;
  const { id, revision: newest, serving } = deployment;
  const [chosen, setChosen] = useState<number>();
  const number = chosen ?? newest;
  const isLive = !isAtRest(deployment) && (number === newest || number === serving);
  // read on after a restart, and read to the end after a stop
  const log = useGrowingLog(`${id} ${number} ${isLive}`, (after, signal) =>
    yard.client.call('deployments.log', {
      path: { deployment: id },
      query: { after, revision: number },
      signal
    })
  );
  return (
    <LogBox {...log} label={trans.__('Log of revision %1', number)} isLive={isLive} trans={trans}>
      {revisions.length > 1 && (
        <label>
          {trans.__('Log of')}{' '}
          <select
            value={number}
            onChange={event => {
              const wanted = Number(event.target.value);
              setChosen(wanted === newest ? undefined : wanted);
            }}
          >
            {revisions.map(item => (
              <option key={item.id} value={item.number}>
                {trans.__('revision %1', item.number)}
              </option>
            ))}
          </select>
        </label>
      )}
    </LogBox>
  );
}
