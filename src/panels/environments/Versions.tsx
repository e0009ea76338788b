import { useCallback } from 'react';
import { Environment, EnvironmentVersion } from '../../api/types';
import { Button } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { CompareVersions, IPair } from '../../components/CompareVersions';
import { StateMark } from '../../components/StateMark';
import { showMoment } from '../../components/format/times';
import { Table } from '../../components/table/Table';
import { useAnswer } from '../../api/useAnswer';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { Changes } from '../../environments/Changes';
import { isUnderWay, stateOf } from '../../environments/texts';
import { followInstallation } from '../../environments/whenInstalled';
import { reasonText } from '../../reasons';

/** Return all versions, newest first; the current one until they are known. */
export function useVersions(
  { yard }: IPanelServices,
  { id, current }: Environment
): readonly EnvironmentVersion[] {
  const question = { path: { environment: id } };
  const when = { turn: `${current.id} ${current.state}` };
  const { answer } = useAnswer(yard.client, 'environments.versions', question, when);
  return [current, ...(answer?.items ?? []).filter(version => version.id !== current.id)];
}

/** Roll back: create a new version with the lock of that one. */
function use(services: IPanelServices, { id }: Environment, version: number): Promise<unknown> {
  const { yard, trans } = services;
  return reportFailure(services, trans.__('Not installed.'), async () => {
    const question = { path: { environment: id }, body: { version } };
    followInstallation(services, await yard.client.call('environments.change', question));
  });
}

interface IVersionsProps {
  services: IPanelServices;
  environment: Environment;
  versions: readonly EnvironmentVersion[];
}

export function Versions({ services, environment, versions }: IVersionsProps): JSX.Element {
  const { trans } = services;
  const locked = versions.filter(({ digest }) => digest);
  return (
    <div className="nby-Environments">
      <Table
        label={trans.__('Versions')}
        heads={[
          trans.__('Version'),
          trans.__('State'),
          trans.__('Packages'),
          trans.__('Size'),
          trans.__('Python'),
          trans.__('Created'),
          trans.__('SHA-256 of the lock'),
          trans.__('Roll back')
        ]}
      >
        {versions.map(version => (
          <tr key={version.id} aria-current={version.number === environment.installed}>
            <th scope="row">{version.number}</th>
            <td>
              <StateMark state={stateOf(version)} trans={trans} />{' '}
              {version.number === environment.installed && (
                <span className="nby-Mark">{trans.__('in use')}</span>
              )}
              {version.reason && <div className="nby-Dim">{reasonText(version.reason, trans)}</div>}
            </td>
            <td>{version.packages.length || ''}</td>
            <td>{typeof version.size_bytes === 'number' && showBytes(version.size_bytes)}</td>
            <td>{version.python}</td>
            <td>{showMoment(version.created_at)}</td>
            <td className="nby-Code nby-Digest" title={version.digest}>
              {version.digest.replace(/^sha256:/, '').slice(0, 12)}
            </td>
            <td>
              {version.state === 'ready' && version.number !== environment.installed && (
                <Button
                  disabled={isUnderWay(environment.current)}
                  aria-label={trans.__('Use Version %1', version.number)}
                  title={trans.__('Create a new version with the same lock')}
                  onClick={() => void use(services, environment, version.number)}
                >
                  {trans.__('Use This Version')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {locked.length > 1 && (
        <Compare
          key={locked[0].id}
          services={services}
          environment={environment.id}
          versions={locked}
        />
      )}
    </div>
  );
}

interface ICompareProps {
  services: IPanelServices;
  environment: string;
  /** Newest first, at least two. */
  versions: readonly EnvironmentVersion[];
}

/** The packages that differ between two versions. */
function Compare({ services, environment, versions }: ICompareProps): JSX.Element {
  const { yard, trans } = services;
  const ask = useCallback(
    (query: IPair, signal: AbortSignal) =>
      yard.client.call('environments.diff', { path: { environment }, query, signal }),
    [yard, environment]
  );
  return (
    <CompareVersions versions={versions} ask={ask} trans={trans}>
      {({ items }) => (
        <Changes
          changes={items}
          none={trans.__('Both versions have the same packages.')}
          label={trans.__('Changes')}
          trans={trans}
        />
      )}
    </CompareVersions>
  );
}
