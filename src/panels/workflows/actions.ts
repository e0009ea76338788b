import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Environment } from '../../api/types';
import { freeName } from '../../components/format/freeName';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { openWorkflow } from './open';

/** The environment of the example. */
const NAME = 'penguins';

export const workflowActions = {
  openWorkflow: (services: IPanelServices, [path]: string[]) => openWorkflow(services, path),

  createExample: (services: IPanelServices, [folder]: string[]) =>
    reportFailure(services, services.trans.__('The example was not created.'), () =>
      createExample(services, folder)
    )
};

/** Copy the example into a folder and open it; ask first if packages are missing. */
async function createExample(services: IPanelServices, folder: string): Promise<void> {
  const { yard, trans, commands } = services;
  const { packages, missing } = await yard.client.call('workflows.example_needs', {});
  let environment = '';
  if (missing.length) {
    const { button } = await showDialog({
      title: trans.__('The example needs packages'),
      body: trans.__(
        'The kernel Python 3 lacks %1. nbyard can install the packages in an environment for the example, which takes a minute. The kernel stays as it is.',
        missing.join(', ')
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.createButton({ label: trans.__('Open Without Packages'), actions: ['open'] }),
        Dialog.okButton({ label: trans.__('Install and Open'), actions: ['install'] })
      ]
    });
    const [choice] = button.actions;
    if (!choice) {
      return;
    }
    if (choice === 'install') {
      environment = (await install(services, packages)).name;
    }
  }
  const body = { folder, environment };
  const { path } = await yard.client.call('workflows.create_example', { body });
  await commands.execute('docmanager:open', { path });
  const place = PathExt.dirname(path);
  Notification.success(trans.__('The example is in the folder “%1”.', place), {
    autoClose: 10_000,
    actions: [
      {
        label: trans.__('Show Files'),
        callback: () => void commands.execute('filebrowser:go-to-path', { path: place })
      }
    ]
  });
}

/** Create an environment with the packages; a run waits until they are installed. */
async function install({ yard }: IPanelServices, packages: string[]): Promise<Environment> {
  await yard.environments.start();
  const known = yard.environments.items;
  const isTaken = known.some(environment => environment.name === NAME);
  const name = isTaken ? freeName(NAME, known) : NAME;
  const body = { name, requirements: packages.join('\n') };
  const made = await yard.client.call('environments.create', { body });
  yard.environments.put(made);
  return made;
}
