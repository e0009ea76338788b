import { Notification } from '@jupyterlab/apputils';
import { Deployment } from '../../api/types';
import { showMoment } from '../../components/format/times';
import { confirm } from '../frame/dialogs/confirm';
import { saveCode } from '../../api/documents/saveDocuments';
import { IPanelServices, IRestoredArgs } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { openDeployment } from './open';
import { deploymentsOf } from './state/collection';
import { addressOf, isAtRest } from './state/texts';

async function known({ yard }: IPanelServices, id: string): Promise<Deployment> {
  const path = { deployment: id };
  return deploymentsOf(yard).find(id) ?? yard.client.call('deployments.get', { path });
}

export const deploymentActions = {
  createDeployment: (services: IPanelServices) => openDeployment(services, {}),

  chooseModel: (services: IPanelServices) => openDeployment(services, { chooses: true }),

  deployOutput: (services: IPanelServices, [run, output]: string[]) =>
    openDeployment(services, { model: { run, output } }),

  deployClass: (services: IPanelServices, [path]: string[]) =>
    reportFailure(services, services.trans.__('Not deployed.'), async () => {
      await saveCode(services, { path });
      openDeployment(services, { model: { path } });
    }),

  openDeployment: (
    services: IPanelServices,
    [id]: string[],
    _?: readonly File[],
    args: IRestoredArgs = {}
  ) => openDeployment(services, args.target ?? { id }),

  editDeployment: (services: IPanelServices, [id]: string[]) =>
    openDeployment(services, { id, tab: 'configuration' }),

  rollBackDeployment: (services: IPanelServices, [id]: string[]) =>
    openDeployment(services, { id, tab: 'revisions' }),

  visitDeployment: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('Not opened.'), async () => {
      const { links } = await known(services, id);
      const link = links.find(({ answers }) => answers);
      if (!link) {
        throw new Error(services.trans.__('No port of the deployment responds now.'));
      }
      window.open(addressOf(services.yard, link), '_blank', 'noopener,noreferrer');
    }),

  startDeployment: (services: IPanelServices, [deployment]: string[]) =>
    reportFailure(services, services.trans.__('Not started.'), async () => {
      const { client } = services.yard;
      const started = await client.call('deployments.start', { path: { deployment } });
      deploymentsOf(services.yard).put(started);
    }),

  extendDeployment: (services: IPanelServices, [deployment]: string[]) =>
    reportFailure(services, services.trans.__('Not extended.'), async () => {
      const { yard, trans } = services;
      const extended = await yard.client.call('deployments.extend', { path: { deployment } });
      deploymentsOf(yard).put(extended);
      const until = showMoment(extended.expires_at);
      Notification.success(
        trans.__('“%1” now runs until %2.', extended.title || extended.name, until),
        { autoClose: 5000 }
      );
    }),

  stopDeployment: (services: IPanelServices, [deployment]: string[]) =>
    reportFailure(services, services.trans.__('Not stopped.'), async () => {
      const { client } = services.yard;
      const stopped = await client.call('deployments.stop', { path: { deployment } });
      deploymentsOf(services.yard).put(stopped);
    }),

  deleteDeployment: (services: IPanelServices, [deployment]: string[]) =>
    reportFailure(services, services.trans.__('Not deleted.'), async () => {
      const { yard, trans } = services;
      const item = await known(services, deployment);
      const title = trans.__('Delete “%1”?', item.title);
      const request = { id: 'deployments.delete', question: { path: { deployment } } } as const;
      if (await confirm(services, title, deletionText(services, item), request)) {
        await yard.client.call(request.id, request.question);
        deploymentsOf(yard).remove(deployment);
      }
    })
};

/** Return a text that says what would be removed. */
export function deletionText({ trans }: IPanelServices, deployment: Deployment): string {
  const { name, revision, spec } = deployment;
  return [
    !isAtRest(deployment) && trans.__('The deployment is stopped, and its links stop working.'),
    !isAtRest(deployment) && !!spec.gpu && trans.__('Its GPU becomes free.'),
    trans._n(
      'The revision, the files in its container and its log are deleted.',
      'All %1 revisions, the files in the container and the logs are deleted.',
      revision
    ),
    trans.__('The image stays. The host name %1 becomes free.', name)
  ]
    .filter(Boolean)
    .join(' ');
}
