import { TranslationBundle } from '@jupyterlab/translation';
import { Deployment, DeploymentEvent, Link } from '../../../api/types';
import { Button, CommandButton } from '../../../components/Button';
import { copyText } from '../../../components/problems';
import { StateMark, stateText } from '../../../components/StateMark';
import { mayChange } from '../../../components/format/roles';
import { showMoment } from '../../../components/format/times';
import { holdersIn } from '../../../components/holders/askToFree';
import { Table } from '../../../components/table/Table';
import { Fact } from '../../../components/text/Facts';
import { useAnswer } from '../../../api/useAnswer';
import { Holders } from '../../../forms/limits/Holders';
import { referenceOf } from '../../../forms/referenceOf';
import { IPanelServices } from '../../frame/services';
import { useCalls } from '../endpoint/ask';
import { requestOf, snippetsOf } from '../endpoint/calls';
import { Building } from './Building';
import { Copyable } from './Copyable';
import { Lineage } from './Lineage';
import { Traffic } from './Traffic';
import { addressOf, hardwareOf, isUnderWay, serviceText, shownState } from '../state/texts';
import { reasonText } from '../../../reasons';

interface IOverviewProps {
  services: IPanelServices;
  deployment: Deployment;
}

/** The state of a deployment with reason, links, hardware and history. */
export function Overview({ services, deployment }: IOverviewProps): JSX.Element {
  const { trans } = services;
  const { state, reason, warnings, revision, serving } = deployment;
  return (
    <>
      <Endpoints services={services} deployment={deployment} />
      {reason && shownState(deployment) !== 'building' && (
        <p
          className={state === 'failed' || state === 'down' ? 'nby-Warning' : 'nby-Note'}
          role={isUnderWay(deployment) ? 'status' : 'alert'}
        >
          {reasonText(reason, trans)}
        </p>
      )}
      {/* the reason names what its owner has */}
      {referenceOf(deployment) === deployment.name && (
        <Holders holders={holdersIn(reason)} client={services.yard.client} trans={trans} />
      )}
      <Building services={services} deployment={deployment} />
      <Reproduce deployment={deployment} trans={trans} />
      {!!serving && serving !== revision && (
        <p className="nby-Note" role="status">
          {trans.__('Revision %1 responds until revision %2 does.', serving, revision)}
        </p>
      )}
      {warnings.map(warning => (
        <p key={warning.code} className="nby-Warning">
          {reasonText(warning, trans)}
        </p>
      ))}
      {deployment.started_at && <Traffic services={services} id={deployment.id} />}
      <Facts services={services} deployment={deployment} />
      <Events services={services} deployment={deployment} />
    </>
  );
}

/** A shell command that reproduces the failure. */
function Reproduce(props: {
  deployment: Deployment;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { deployment, trans } = props;
  const { reproduce } = deployment;
  if (!reproduce) {
    return null;
  }
  return (
    <section className="nby-Deployment-reproduce" aria-label={trans.__('Reproduce')}>
      <Copyable
        caption={trans.__('Reproduce it in a shell:')}
        label={trans.__('Command')}
        text={reproduce}
        said={trans.__('The command is copied.')}
        trans={trans}
      />
    </section>
  );
}

/** The URL of each link that responds, and a request to the first one. */
function Endpoints({ services, deployment }: IOverviewProps): JSX.Element | null {
  const { yard, trans } = services;
  const links = deployment.links.filter(({ answers }) => answers);
  return links.length ? (
    <section className="nby-Endpoints" aria-label={trans.__('URL')}>
      {links.map(link => {
        const url = new URL(addressOf(yard, link), document.baseURI).href;
        return (
          <p key={link.name} className="nby-Bar">
            {links.length > 1 && <span className="nby-Dim">{link.name}</span>}
            <a className="nby-Link" href={url} target="_blank" rel="noopener noreferrer">
              {url}
            </a>
            {/* the tab of the browser has another URL, which contains a temporary pass */}
            <Button
              aria-label={trans.__('Copy URL of %1', link.name)}
              onClick={() => void copyText(url, trans.__('The URL is copied.'))}
            >
              {trans.__('Copy')}
            </Button>
          </p>
        );
      })}
      <Curl services={services} deployment={deployment} link={links[0]} />
    </section>
  ) : null;
}

function Curl(props: IOverviewProps & { link: Link }): JSX.Element | null {
  const { services, deployment, link } = props;
  const { yard, trans } = services;
  const calls = useCalls(services, deployment, link);
  if (!calls) {
    return null;
  }
  const call = calls[0] ?? { method: 'GET', path: '', title: '', group: '', fields: [] };
  const address = new URL(addressOf(yard, link), document.baseURI).href;
  const [[, text]] = snippetsOf(requestOf(call, address, {}));
  return (
    <div className="nby-Deployment-reproduce">
      <Copyable
        caption={trans.__('curl')}
        label={trans.__('Request')}
        text={text}
        said={trans.__('The request is copied.')}
        trans={trans}
      />
    </div>
  );
}

function Facts({ services, deployment }: IOverviewProps): JSX.Element {
  const { trans } = services;
  const { id, name, description, spec, gpus, started_at, expires_at, created_at } = deployment;
  const stops = trans.__('Stops at');
  const disk = trans.__('%1 GB disk', spec.disk_gb);
  const facts: [string, string][] = [
    [trans.__('Description'), description],
    [trans.__('Service'), serviceText(spec.service, trans)],
    [trans.__('Image'), spec.image],
    [trans.__('Hardware'), [hardwareOf(spec, trans), disk].join(' · ')],
    [trans.__('GPUs'), gpus.join(', ')],
    [trans.__('Runs since'), showMoment(started_at)],
    [stops, showMoment(expires_at)],
    [trans.__('Created'), showMoment(created_at)]
  ];
  return (
    <>
      <dl className="nby-Facts nby-mod-list">
        {deployment.model && <Lineage services={services} model={deployment.model} />}
        {facts.map(([word, text]) => (
          <Fact key={word} name={word}>
            {text}
            {text && word === stops && !deployment.expires_soon && mayChange(deployment) && (
              <>
                {' '}
                <CommandButton
                  commands={services.commands}
                  id="nbyard:extend-deployment"
                  args={{ id }}
                />
              </>
            )}
          </Fact>
        ))}
      </dl>
      <details className="nby-Deployment-details">
        <summary>{trans.__('Details')}</summary>
        <dl className="nby-Facts nby-mod-list">
          <Fact name={trans.__('Host name')}>{name}</Fact>
          <Fact name={trans.__('ID')} className="nby-Code">
            {id}
          </Fact>
        </dl>
      </details>
    </>
  );
}

function Events({ services, deployment }: IOverviewProps): JSX.Element | null {
  const { yard, trans } = services;
  const question = { path: { deployment: deployment.id } };
  const when = { turn: deployment };
  const { answer, problem } = useAnswer(yard.client, 'deployments.events', question, when);
  if (problem || !answer) {
    return problem ? <p className="nby-Note">{problem}</p> : null;
  }
  return (
    <Table
      caption={trans.__('Events')}
      heads={[trans.__('Time'), trans.__('Event'), trans.__('Revision'), trans.__('Why')]}
    >
      {answer.items.map(event => (
        <tr key={event.id}>
          <td>{showMoment(event.at)}</td>
          <td>
            <What event={event} trans={trans} />
          </td>
          <td>{event.revision || ''}</td>
          <td className="nby-Deployment-why">{reasonText(event.reason, trans)}</td>
        </tr>
      ))}
    </Table>
  );
}

function What(props: { event: DeploymentEvent; trans: TranslationBundle }): JSX.Element {
  const { event, trans } = props;
  const { state, change } = event;
  return change ? (
    <span title={state && stateText(state, trans)}>{reasonText(change, trans)}</span>
  ) : (
    <StateMark state={state} trans={trans} />
  );
}
