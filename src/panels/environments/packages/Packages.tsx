import { closeIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { Environment, EnvironmentVersion } from '../../../api/types';
import { Button } from '../../../components/Button';
import { matching } from '../../../components/format/matching';
import { showProblem } from '../../../components/problems';
import { Table } from '../../../components/table/Table';
import { IPanelServices } from '../../frame/services';
import { isUnderWay } from '../../../environments/texts';
import { followInstallation } from '../../../environments/whenInstalled';

interface IPackagesProps {
  services: IPanelServices;
  environment: Environment;
  /** The installed version, if any. */
  version: EnvironmentVersion | undefined;
  /** Called when the next version is being installed. */
  onInstall: () => void;
}

/** The requested packages, and all installed ones. */
export function Packages(props: IPackagesProps): JSX.Element {
  const { services, environment, version } = props;
  const { trans } = services;
  const [text, setText] = useState('');
  if (!version) {
    return (
      <p className="nby-Note">
        {isUnderWay(environment.current)
          ? trans.__('The packages are being installed: see the log.')
          : trans.__('No packages are installed.')}
      </p>
    );
  }
  const matches = matching(version.packages, text, ({ name }) => name);
  return (
    <div className="nby-Environments">
      <Requirements {...props} version={version} />
      <div className="nby-Bar">
        <input
          type="search"
          aria-label={trans.__('Filter packages')}
          placeholder={trans.__('Filter packages')}
          spellCheck={false}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <span className="nby-Dim" role="status">
          {text
            ? trans.__('%1 of %2', matches.length, version.packages.length)
            : trans._n('%1 package', '%1 packages', version.packages.length)}
        </span>
      </div>
      <Table label={trans.__('Packages')} heads={[trans.__('Package'), trans.__('Version')]}>
        {matches.map(installed => (
          <tr key={installed.name}>
            <th scope="row">{installed.name}</th>
            <td className="nby-Code">{installed.version}</td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

function Requirements(props: IPackagesProps & { version: EnvironmentVersion }): JSX.Element | null {
  const { services, environment, version, onInstall } = props;
  const { yard, trans } = services;
  const { id, current } = environment;
  if (!version.requirements.length) {
    return null;
  }
  const remove = async (line: string) => {
    try {
      const path = { environment: id };
      const body = { remove: [line] };
      followInstallation(services, await yard.client.call('environments.change', { path, body }));
      onInstall();
    } catch (error) {
      showProblem(trans.__('Not removed.'), error, trans);
    }
  };
  return (
    <ul className="nby-Requirements" aria-label={trans.__('Requested')}>
      {version.requirements.map(line => (
        <li key={line} className="nby-Requirement" title={line}>
          <span className="nby-Requirement-text">{line}</span>
          <Button
            className="nby-mod-bare"
            aria-label={trans.__('Remove %1', line)}
            title={
              isUnderWay(current)
                ? trans.__('Version %1 is being built', current.number)
                : trans.__('Create a version without this package')
            }
            disabled={isUnderWay(current)}
            onClick={() => void remove(line)}
          >
            <closeIcon.react tag="span" className="nby-Icon" />
          </Button>
        </li>
      ))}
    </ul>
  );
}
