import { useEffect, useState } from 'react';
import { Environment, EnvironmentVersion, PackageChange } from '../../api/types';
import { showBytes } from '../../components/bytes';
import { StateMark } from '../../components/StateMark';
import { showMoment } from '../../components/times';
import { VersionPair } from '../../components/VersionPair';
import { IPanelServices } from '../services';
import { Changes } from './Changes';
import { stateOf } from './words';

/** All versions, newest first; the current one until they are known. */
export function useVersions(
  { yard }: IPanelServices,
  { id, current }: Environment
): readonly EnvironmentVersion[] {
  const [versions, setVersions] = useState<readonly EnvironmentVersion[]>([]);
  useEffect(() => {
    yard.client
      .call('environments.versions', { path: { environment: id } })
      .then(({ items }) => setVersions(items))
      .catch(() => undefined); // the current one is known
  }, [yard, id, current.id, current.state]);
  return [current, ...versions.filter(version => version.id !== current.id)];
}

interface IVersionsProps {
  services: IPanelServices;
  environment: Environment;
  versions: readonly EnvironmentVersion[];
}

export function Versions({ services, environment, versions }: IVersionsProps): JSX.Element {
  const { trans } = services;
  const locked = versions.filter(({ packages }) => packages.length);
  return (
    <div className="nby-Libraries">
      <table className="nby-Table" aria-label={trans.__('Versions')}>
        <thead>
          <tr>
            <th scope="col">{trans.__('Version')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Packages')}</th>
            <th scope="col">{trans.__('Size')}</th>
            <th scope="col">{trans.__('Python')}</th>
            <th scope="col">{trans.__('Made')}</th>
            <th scope="col">{trans.__('SHA-256 of the lock')}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map(version => (
            <tr key={version.id} aria-current={version.number === environment.installed}>
              <th scope="row">{version.number}</th>
              <td>
                <StateMark state={stateOf(version)} trans={trans} />{' '}
                {version.number === environment.installed && (
                  <span className="nby-Mark">{trans.__('in use')}</span>
                )}
                {version.reason && <div className="nby-Dim">{version.reason}</div>}
              </td>
              <td>{version.packages.length || ''}</td>
              <td>{typeof version.size_bytes === 'number' && showBytes(version.size_bytes)}</td>
              <td>{version.python}</td>
              <td>{showMoment(version.created_at)}</td>
              <td className="nby-Code" title={version.digest}>
                {version.digest.replace(/^sha256:/, '').slice(0, 12)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
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
  /** Newest first; two at least. */
  versions: readonly EnvironmentVersion[];
}

/** Which packages differ between two versions. */
function Compare({ services, environment, versions }: ICompareProps): JSX.Element {
  const { yard, trans } = services;
  const [older, setOlder] = useState(versions[1].number);
  const [newer, setNewer] = useState(versions[0].number);
  const [changes, setChanges] = useState<readonly PackageChange[]>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    setProblem('');
    yard.client
      .call('environments.diff', {
        path: { environment },
        query: { old: older, new: newer },
        signal
      })
      .then(({ items }) => setChanges(items))
      .catch((error: Error) => !signal.aborted && setProblem(error.message));
    return () => control.abort();
  }, [yard, environment, older, newer]);
  return (
    <section aria-label={trans.__('Compare versions')}>
      <VersionPair
        versions={versions}
        older={older}
        newer={newer}
        onOlder={setOlder}
        onNewer={setNewer}
        trans={trans}
      />
      {problem ? (
        <p className="nby-Note" role="alert">
          {problem}
        </p>
      ) : (
        changes && (
          <Changes
            changes={changes}
            none={trans.__('They have the same packages.')}
            label={trans.__('Changes')}
            trans={trans}
          />
        )
      )}
    </section>
  );
}
