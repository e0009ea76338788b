import { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import { Deployment, DeploymentEvent } from '../../../api/types';
import { Button } from '../../../components/Button';
import { copyText } from '../../../components/problems';
import { StateMark, stateText } from '../../../components/StateMark';
import { showMoment } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { Fact } from '../../../components/text/Facts';
import { useAnswer } from '../../../api/useAnswer';
import { ImageLog } from '../../environments/images/ImageList';
import { IPanelServices } from '../../frame/services';
import { Copyable } from './Copyable';
import { Lineage } from './Lineage';
import { Traffic } from './Traffic';
import { addressOf, hardwareOf, isUnderWay, serviceText } from '../state/texts';
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
      {reason && (
        <p
          className={state === 'failed' || state === 'down' ? 'nby-Warning' : 'nby-Note'}
          role={isUnderWay(deployment) ? 'status' : 'alert'}
        >
          {reasonText(reason, trans)}
        </p>
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
      <Facts services={services} deployment={deployment} />
      <Traffic services={services} id={deployment.id} />
      <Events services={services} deployment={deployment} />
    </>
  );
}

/** The build of the model's image, while nothing runs yet. */
function Building({ services, deployment }: IOverviewProps): JSX.Element | null {
  const model = deployment.model?.id;
  const question = model === undefined ? model : { path: { model } };
  const when = { turn: deployment };
  const { answer: made } = useAnswer(services.yard.client, 'models.get', question, when);
  return made && made.state !== 'ready' ? (
    <ImageLog key={made.image} services={services} image={{ id: made.image, state: made.state }} />
  ) : null;
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

function Facts({ services, deployment }: IOverviewProps): JSX.Element {
  const { yard, trans } = services;
  const { id, name, description, links, spec, gpus, started_at, created_at } = deployment;
  const disk = trans.__('%1 GB disk', spec.disk_gb);
  const facts: [string, string][] = [
    [trans.__('Service'), serviceText(spec.service, trans)],
    [trans.__('Host name'), name],
    [trans.__('Hardware'), [hardwareOf(spec, trans), disk].join(' · ')],
    [trans.__('GPUs'), gpus.join(', ')],
    [trans.__('Runs since'), showMoment(started_at)],
    [trans.__('Created'), showMoment(created_at)],
    [trans.__('ID'), id]
  ];
  return (
    <dl className="nby-Facts">
      <Fact name={trans.__('Description')} isWide>
        {description}
      </Fact>
      <Fact name={trans.__('Image')} className="nby-Code" isWide>
        {spec.image}
      </Fact>
      {deployment.model && <Lineage services={services} model={deployment.model} />}
      {links.map(link => (
        <Fact key={link.name} name={trans.__('URL of %1', link.name)} isWide>
          {link.answers ? (
            <>
              <a
                className="nby-Link"
                href={addressOf(yard, link)}
                target="_blank"
                rel="noopener noreferrer"
              >
                {addressOf(yard, link)}
              </a>{' '}
              <Button
                className="nby-mod-bare"
                title={trans.__('Copy URL')}
                aria-label={trans.__('Copy URL of %1', link.name)}
                onClick={() => {
                  // the tab of the browser has another URL, which contains a temporary pass
                  const url = new URL(addressOf(yard, link), document.baseURI).href;
                  void copyText(url, trans.__('The URL is copied.'));
                }}
              >
                <copyIcon.react tag="span" className="nby-Icon" />
              </Button>
            </>
          ) : (
            <>
              <span className="nby-Code">{addressOf(yard, link)}</span>{' '}
              <span className="nby-Dim">{started_at && trans.__('not responding')}</span>
            </>
          )}
        </Fact>
      ))}
      {facts.map(([name, text]) => (
        <Fact key={name} name={name}>
          {text}
        </Fact>
      ))}
    </dl>
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
