import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Environment, ExampleTemplate } from '../../api/types';
import { whenInstalled } from '../../environments/whenInstalled';
import { freeName } from '../../components/format/freeName';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { openEnvironment } from '../environments/open';
import { chooseTemplate } from './gallery/chooseTemplate';
import { openHistory } from './history/open';
import { openWorkflow } from './open';

/** The template that the example is made from, and the environment of all. */
const NAME = 'penguins';

export const workflowActions = {
  openWorkflow: (services: IPanelServices, [path]: string[]) => openWorkflow(services, path),

  openHistory,

  createExample: (services: IPanelServices, [folder]: string[]) =>
    reportFailure(services, services.trans.__('The example was not created.'), () =>
      createExample(services, folder)
    ),

  openGallery: (services: IPanelServices, [folder]: string[]) =>
    reportFailure(services, services.trans.__('The workflow was not created.'), async () => {
      const template = await chooseTemplate(services);
      if (template) {
        await createExample(services, folder, template);
      }
    }),

  workflowFromFiles: (services: IPanelServices, paths: string[]) =>
    reportFailure(services, services.trans.__('The workflow was not created.'), () =>
      workflowFromFiles(services, paths)
    )
};

/** Create a workflow of code files, or of those in a folder, and open it. */
async function workflowFromFiles(services: IPanelServices, paths: string[]): Promise<void> {
  const { yard, trans, commands } = services;
  const files = paths.map(path => path || '.');
  const made = await yard.client.call('workflows.from_files', { body: { files } });
  await commands.execute('docmanager:open', { path: made.path });
  const said = [
    trans.__('Nodes: %1, connections: %2.', made.nodes.length, made.connections),
    made.results.length &&
      trans.__('Results: %1.', made.results.map(result => result.split('.')[1]).join(', ')),
    made.project && trans.__('“%1” is a project now: it has an nbyard.toml.', made.project)
  ];
  Notification.success(said.filter(Boolean).join(' '), { autoClose: 10_000 });
}

/** Copy a template into a folder and open it; ask first if packages are missing. */
async function createExample(
  services: IPanelServices,
  folder: string,
  template: ExampleTemplate['name'] = NAME
): Promise<void> {
  const { yard, trans, commands } = services;
  const { packages, missing } = await yard.client.call('workflows.example_needs', {});
  let environment: Environment | undefined;
  if (missing.length) {
    const { button } = await showDialog({
      title: trans.__('The example needs packages'),
      body: trans.__(
        'The kernel Python 3 lacks %1. nbyard can install the packages in an environment for the example, which takes a minute. The kernel stays as it is.',
        missing.join(', ')
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.cancelButton({ label: trans.__('Open Only'), actions: ['open'] }),
        Dialog.okButton({ label: trans.__('Create Environment and Run'), actions: ['install'] })
      ]
    });
    const [choice] = button.actions;
    if (!choice) {
      return;
    }
    if (choice === 'install') {
      environment = await environmentWith(services, packages);
    }
  }
  const body = { folder, template, environment: environment?.name ?? '' };
  const { path } = await yard.client.call('workflows.create_example', { body });
  await commands.execute('docmanager:open', { path });
  const place = PathExt.dirname(path);
  const message = trans.__('The example is in the folder “%1”.', place);
  const options = {
    autoClose: 10_000,
    actions: [
      {
        label: trans.__('Show Files'),
        callback: () => void commands.execute('filebrowser:go-to-path', { path: place })
      }
    ]
  };
  if (environment) {
    runWith(services, environment, path, { message: () => message, options });
  } else {
    Notification.success(message, options);
  }
}

/** Return the environment of an earlier example, or create it. */
async function environmentWith({ yard }: IPanelServices, packages: string[]): Promise<Environment> {
  await yard.environments.start();
  const known = yard.environments.items;
  const earlier = known.find(
    ({ name, current }) =>
      name.startsWith(NAME) &&
      current.state !== 'failed' &&
      packages.every(line => current.requirements.includes(line))
  );
  if (earlier) {
    return earlier;
  }
  const isTaken = known.some(({ name }) => name === NAME);
  const name = isTaken ? freeName(NAME, known) : NAME;
  const body = { name, requirements: packages.join('\n') };
  return yard.client.call('environments.create', { body });
}

/** Run a saved workflow once its environment is installed; show the progress. */
function runWith(
  services: IPanelServices,
  environment: Environment,
  path: string,
  success: Notification.IPromiseOptions<null>['success']
): void {
  const { yard, trans, commands } = services;
  const run = async () => {
    await whenInstalled(yard.environments, environment, trans);
    const { id } = await yard.client.call('runs.create', { body: { path, scope: 'all' } });
    await commands.execute('nbyard:show-run', { id, path, keepFocus: true });
    return null;
  };
  const options = {
    autoClose: false as const,
    actions: [
      {
        label: trans.__('Show Log'),
        callback: () => openEnvironment(services, environment.id, 'log')
      }
    ]
  };
  Notification.promise(run(), {
    pending: {
      message: trans.__('Installing the packages of the example. The workflow then runs.'),
      options
    },
    success,
    error: {
      message: error => trans.__('The example did not run. %1', (error as Error).message),
      options
    }
  });
}
