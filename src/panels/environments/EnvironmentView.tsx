import { useEffect, useRef, useState } from 'react';
import { Environment, EnvironmentVersion } from '../../api/types';
import { Button } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { StateMark, stateText } from '../../components/StateMark';
import { Tabs } from '../../components/Tabs';
import { Fact } from '../../components/text/Facts';
import { environmentIcon } from '../../icons/items';
import { isOwner } from '../../components/format/roles';
import { HeadActions } from '../frame/HeadActions';
import { IPanelServices, ITarget } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { ShownItem } from '../frame/ShownItem';
import { AddPackages } from './packages/AddPackages';
import { ImageTab } from './images/ImageTab';
import { InstallLog } from './InstallLog';
import { Packages } from './packages/Packages';
import { useObstacle } from './useHere';
import { useVersions, Versions } from './Versions';
import { stillInstalledText, isUnderWay, sentences, stateOf } from '../../environments/texts';
import { reasonText } from '../../reasons';

interface IEnvironmentViewProps {
  services: IPanelServices;
  id: string;
  target: ITarget;
}

/** One environment: its packages, a field for more, its versions. */
export default function EnvironmentView(props: IEnvironmentViewProps): JSX.Element {
  const { services, id, target } = props;
  return (
    <ShownItem {...{ services, id }} noun="environment" collection={services.yard.environments}>
      {environment => <Loaded {...{ services, environment, target }} />}
    </ShownItem>
  );
}

interface ILoadedProps {
  services: IPanelServices;
  environment: Environment;
  target: ITarget;
}

const DELETE = 'nbyard:delete-environment';
const ACTIONS = [
  'nbyard:use-environment',
  'nbyard:notebook-with-environment',
  'nbyard:make-default-environment',
  'nbyard:copy-kernel-name',
  DELETE
];

function Loaded({ services, environment, target }: ILoadedProps): JSX.Element {
  const { trans, commands } = services;
  const { id, name, description, current, installed } = environment;
  const versions = useVersions(services, environment);
  const [tab, setTab] = useState(isUnderWay(current) ? 'log' : 'packages');
  const obstacle = useObstacle(services);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (target.tab !== 'add') {
      setTab(now => target.tab ?? now);
      heading.current?.focus();
    }
  }, [target]);
  const log = () => setTab('log');
  const inUse = versions.find(({ number }) => number === installed);
  const shown = { services, environment };
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <environmentIcon.react tag="span" className="nby-Icon" />
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        <StateMark state={stateOf(current)} trans={trans} />
        <span className="nby-Dim">{trans.__('version %1', current.number)}</span>
        {isUnderWay(current) && (
          <Button
            title={trans.__('Cancel the installation and keep the current version')}
            onClick={() =>
              void reportFailure(services, trans.__('Not stopped.'), async () => {
                const path = { environment: id };
                const cancelled = await services.yard.client.call('environments.cancel', { path });
                services.yard.environments.put(cancelled);
              })
            }
          >
            {trans.__('Stop')}
          </Button>
        )}
        <span className="nby-Space" />
        <HeadActions
          {...{ commands, trans }}
          ids={ACTIONS.filter(action => (action === DELETE ? isOwner(environment) : installed))}
          args={{ id }}
          why={obstacle}
        />
      </div>
      <div className="nby-Sr" role="status">
        {trans.__('Version %1: %2', current.number, stateText(stateOf(current), trans))}
      </div>
      {description && <p className="nby-Note nby-View-said">{sentences(description)}</p>}
      {current.state === 'failed' && (
        <p className="nby-Warning nby-View-said" role="alert">
          {trans.__(
            'Version %1 was not installed: %2',
            current.number,
            sentences(reasonText(current.reason, trans))
          )}{' '}
          {stillInstalledText(environment, trans)}
        </p>
      )}
      {inUse && <Facts {...shown} version={inUse} />}
      <AddPackages
        key={installed ? 'more' : 'first'}
        {...shown}
        wanted={target.tab === 'add' && target}
        onInstall={log}
      />
      <Tabs
        label={trans.__('Environment')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'packages', label: trans.__('Packages'), mark: inUse?.packages.length },
          { id: 'log', label: trans.__('Log') },
          { id: 'image', label: trans.__('Image') },
          { id: 'versions', label: trans.__('Versions'), mark: current.number }
        ]}
      >
        {tab === 'packages' && <Packages {...shown} version={inUse} onInstall={log} />}
        {tab === 'log' && <InstallLog key={current.id} {...shown} versions={versions} />}
        {tab === 'image' && <ImageTab {...shown} />}
        {tab === 'versions' && <Versions {...shown} versions={versions} />}
      </Tabs>
    </div>
  );
}

/** The kernel, and what is in it. */
function Facts(props: {
  services: IPanelServices;
  environment: Environment;
  version: EnvironmentVersion;
}): JSX.Element {
  const { services, environment, version } = props;
  const { trans } = services;
  const { python, size_bytes } = version;
  const size = typeof size_bytes === 'number' ? showBytes(size_bytes) : '';
  return (
    <dl className="nby-Facts">
      <Fact name={trans.__('Kernel')} isWide>
        {version.place && <span className="nby-Code">{environment.kernel} </span>}
        <span className="nby-Dim">
          {version.place
            ? trans.__(
                'Choose the kernel “%1” in a notebook. Restart a kernel to use the new version.',
                environment.name
              )
            : trans.__('“Use Here” and “New Notebook” install it in your account.')}
        </span>
      </Fact>
      <Fact name={trans.__('Installed')}>
        {[trans.__('version %1', version.number), python && `Python ${python}`, size]
          .filter(Boolean)
          .join(' · ')}
      </Fact>
    </dl>
  );
}
