import { addressOf, download } from '../../api/addresses';
import { confirm } from '../frame/dialogs/confirm';
import { IPanelServices, IRestoredArgs } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { openArtifact } from './open';
import { artifactsOf } from './collection';

async function nameOf({ yard }: IPanelServices, run: string): Promise<string> {
  const known = artifactsOf(yard).find(run) ?? yard.runs.find(run);
  const asked = { path: { run }, query: { limit: 1 } };
  return (known ?? (await yard.client.call('runs.tasks', asked)).run).name;
}

export const artifactActions = {
  createArtifact: (services: IPanelServices) => openArtifact(services, {}),

  openArtifact: (
    services: IPanelServices,
    [id]: string[],
    _?: readonly File[],
    args: IRestoredArgs = {}
  ) => openArtifact(services, args.target ?? { id }),

  downloadArtifact: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('Not downloaded.'), async () => {
      const artifact = await nameOf(services, id);
      download(addressOf(services.yard.client, 'artifacts.content', { path: { artifact } }));
    }),

  /** Open the form with the values of this artifact. */
  copyArtifact: (services: IPanelServices, [run]: string[]) =>
    reportFailure(services, services.trans.__('Not opened.'), async () => {
      const asked = { path: { run }, query: { limit: 1 } };
      const page = await services.yard.client.call('runs.tasks', asked);
      openArtifact(services, {
        of: run,
        name: page.run.name,
        executable: page.items[0]?.executable_id,
        values: page.run.parameters
      });
    }),

  deleteArtifact: (services: IPanelServices, [run]: string[]) =>
    reportFailure(services, services.trans.__('Not deleted.'), async () => {
      const { yard, trans } = services;
      const name = await nameOf(services, run);
      const body = trans.__('The files, the log and the record of the run are deleted.');
      const request = { id: 'runs.delete', question: { path: { run } } } as const;
      if (await confirm(services, trans.__('Delete “%1”?', name), body, request)) {
        await yard.client.call(request.id, request.question);
        artifactsOf(yard).remove(run);
        yard.runs.remove(run);
      }
    })
};
