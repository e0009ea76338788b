import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Deployment } from '../../api/types';
import { StateMark, stateText } from '../../components/StateMark';
import { Tabs } from '../../components/Tabs';
import { useAnswer } from '../../api/useAnswer';
import { deploymentIcon } from '../../icons/items';
import { HeadActions } from '../frame/HeadActions';
import { IDeploymentTarget, IPanelServices } from '../frame/services';
import { ShownItem } from '../frame/ShownItem';
import { deploymentsOf } from './state/collection';
import { ChooseModel } from './ChooseModel';
import { Configuration } from './form/Configuration';
import { Keys } from './tabs/Keys';
import { Links } from './Links';
import { Log } from './tabs/Log';
import { NewDeployment } from './form/NewDeployment';
import { Overview } from './tabs/Overview';
import { Revisions } from './tabs/Revisions';
import { triedLink } from './endpoint/ask';
import { TryIt } from './endpoint/TryIt';
import { actionsOf, shownState } from './state/texts';

const Lineage = lazy(() => import('../../runs/view/lineage/Lineage'));
const MAX_REVISIONS = 200;

interface IDeploymentViewProps {
  services: IPanelServices;
  target: IDeploymentTarget;
  /** Called when it was created; the view then shows it, with that tab if it exists. */
  onMade: (id: string, tab?: string) => void;
  /** Called with what is to be deployed, where that is chosen first. */
  onChosen: (target: IDeploymentTarget) => void;
}

/** One deployment, or the form for a new one. */
export default function DeploymentView(props: IDeploymentViewProps): JSX.Element {
  const { services, target, onMade } = props;
  if (target.chooses) {
    return <ChooseModel services={services} onChosen={props.onChosen} />;
  }
  const { id } = target;
  return id === undefined ? (
    <NewDeployment services={services} target={target} onMade={onMade} />
  ) : (
    <ShownItem
      key={id}
      {...{ services, id }}
      noun="deployment"
      collection={deploymentsOf(services.yard)}
    >
      {deployment => <Loaded {...{ services, target, deployment }} />}
    </ShownItem>
  );
}

interface ILoadedProps {
  services: IPanelServices;
  target: IDeploymentTarget;
  deployment: Deployment;
}

function Loaded({ services, target, deployment }: ILoadedProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { id, title, revision } = deployment;
  const state = shownState(deployment);
  const question = { path: { deployment: id }, query: { limit: MAX_REVISIONS } };
  const { answer } = useAnswer(yard.client, 'deployments.revisions', question, {
    turn: deployment
  });
  const revisions = answer?.items ?? []; // newest first
  const [tab, setTab] = useState('overview');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    setTab(now => target.tab ?? now);
    heading.current?.focus();
  }, [target]);
  const tried = triedLink(deployment);
  const takesKeys = deployment.spec.service === 'api' && !!deployment.model;
  const isMissing = (tab === 'try' && !tried) || (tab === 'keys' && !takesKeys);
  const shownTab = isMissing ? 'overview' : tab;
  const shown = { services, deployment };
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <deploymentIcon.react tag="span" className="nby-Icon" />
        <h2 ref={heading} tabIndex={-1}>
          {title || deployment.name}
        </h2>
        <StateMark state={state} trans={trans} />
        <span className="nby-Dim">{trans.__('revision %1', revision)}</span>
        <Links yard={yard} deployment={deployment} trans={trans} />
        <span className="nby-Space" />
        <HeadActions {...{ commands, trans }} ids={actionsOf(deployment)} args={{ id }} />
      </div>
      <div className="nby-Sr" role="status">
        {stateText(state, trans)}
      </div>
      <Tabs
        label={trans.__('Deployment')}
        current={shownTab}
        onChange={setTab}
        tabs={[
          { id: 'overview', label: trans.__('Overview') },
          ...(tried ? [{ id: 'try', label: trans.__('Try it') }] : []),
          ...(takesKeys ? [{ id: 'keys', label: trans.__('Keys') }] : []),
          { id: 'logs', label: trans.__('Logs') },
          { id: 'revisions', label: trans.__('Revisions'), mark: revision },
          { id: 'lineage', label: trans.__('Lineage') },
          { id: 'configuration', label: trans.__('Configuration') }
        ]}
      >
        {shownTab === 'overview' && <Overview {...shown} />}
        {shownTab === 'try' && (
          <TryIt
            key={deployment.serving}
            {...shown}
            link={tried!}
            takesFocus={() => !!heading.current && heading.current === document.activeElement}
          />
        )}
        {shownTab === 'logs' && <Log {...shown} revisions={revisions} />}
        {shownTab === 'revisions' && <Revisions {...shown} revisions={revisions} />}
        {shownTab === 'keys' && <Keys {...shown} />}
        {shownTab === 'lineage' && (
          <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
            <Lineage services={services} start={{ kind: 'deployment', key: id }} />
          </Suspense>
        )}
        {shownTab === 'configuration' && (
          <Configuration {...shown} onSaved={() => setTab('overview')} />
        )}
      </Tabs>
    </div>
  );
}
