import { TranslationBundle } from '@jupyterlab/translation';
import { Deployment, Revision } from '../../../api/types';
import { Button } from '../../../components/Button';
import { mayChange } from '../../../components/format/roles';
import { showMoment } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { IPanelServices } from '../../frame/services';
import { reportFailure } from '../../frame/reportFailure';
import { deploymentsOf } from '../state/collection';
import { changesOf } from '../state/texts';
import { reasonText } from '../../../reasons';

interface IRevisionsProps {
  services: IPanelServices;
  deployment: Deployment;
  /** Newest first. */
  revisions: readonly Revision[];
}

/** The earlier revisions, and the way back to them. */
export function Revisions({ services, deployment, revisions }: IRevisionsProps): JSX.Element {
  const { trans } = services;
  const heads = [
    trans.__('Revision'),
    trans.__('Cause'),
    trans.__('What changed'),
    trans.__('Created'),
    trans.__('End'),
    trans.__('Roll back')
  ];
  return (
    <Table label={trans.__('Revisions')} heads={heads}>
      {revisions.map((revision, index) => (
        <Row
          key={revision.id}
          services={services}
          deployment={deployment}
          revision={revision}
          before={revisions[index + 1]}
        />
      ))}
    </Table>
  );
}

interface IRowProps {
  services: IPanelServices;
  deployment: Deployment;
  revision: Revision;
  before: Revision | undefined;
}

function Row({ services, deployment, revision, before }: IRowProps): JSX.Element {
  const { trans } = services;
  const { number, origin, created_at, reason, restarts } = revision;
  const isNewest = number === deployment.revision;
  return (
    <tr aria-current={isNewest}>
      <th scope="row">
        {number}
        {number === deployment.serving && <span className="nby-Mark">{trans.__('answers')}</span>}
      </th>
      <td>{reasonText(origin, trans)}</td>
      <td>
        <What revision={revision} before={before} trans={trans} />
      </td>
      <td>{showMoment(created_at)}</td>
      <td className="nby-Deployment-why">
        {[reasonText(reason, trans), !!restarts && trans._n('%1 restart', '%1 restarts', restarts)]
          .filter(Boolean)
          .join(' · ')}
      </td>
      <td>
        {!isNewest && mayChange(deployment) && (
          <Button
            aria-label={trans.__('Roll Back to Revision %1', number)}
            title={trans.__('Create a new revision with the settings of this one')}
            onClick={() => void rollBack(services, deployment, number)}
          >
            {trans.__('Roll Back')}
          </Button>
        )}
      </td>
    </tr>
  );
}

interface IWhatProps {
  revision: Revision;
  before: Revision | undefined;
  trans: TranslationBundle;
}

function What({ revision, before, trans }: IWhatProps): JSX.Element {
  const changes = changesOf(revision, before);
  const none = before ? trans.__('no visible setting') : '';
  return (
    <>
      {changes.map(({ name, old, now }) => (
        <div key={name} className="nby-Code">
          {name}: {old || '–'} → {now || '–'}
        </div>
      ))}
      {!changes.length && <span className="nby-Dim">{none}</span>}
    </>
  );
}

function rollBack(
  services: IPanelServices,
  { id }: Deployment,
  revision: number
): Promise<unknown> {
  const { yard, trans } = services;
  return reportFailure(services, trans.__('Not rolled back.'), async () => {
    const question = { path: { deployment: id }, query: { revision } };
    deploymentsOf(yard).put(await yard.client.call('deployments.rollback', question));
  });
}
