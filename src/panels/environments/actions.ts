import { Notification } from '@jupyterlab/apputils';
import { Environment } from '../../api/types';
import { followInstallation } from '../../environments/whenInstalled';
import { freeName } from '../../components/format/freeName';
import { copyText } from '../../components/problems';
import { confirm } from '../frame/dialogs/confirm';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { openEnvironment } from './open';
import { askEnvironment } from './askEnvironment';
import { renewKernels } from './kernels';
import { restartWith } from './useHere';

async function known({ yard }: IPanelServices, id: string): Promise<Environment> {
  const path = { environment: id };
  return yard.environments.find(id) ?? yard.client.call('environments.get', { path });
}

/** Return the kernel once it exists: a JupyterHub user's own server may have to install it. */
async function kernelOf(services: IPanelServices, environment: string): Promise<string> {
  const { yard, trans } = services;
  const path = { environment };
  const stop = { path, query: { cancel: true } };
  const callback = (event: MouseEvent) => {
    event.preventDefault(); // until the installation has stopped, the notification stays
    void reportFailure(services, trans.__('Not stopped.'), () =>
      yard.client.call('environments.kernel', stop)
    );
  };
  const actions = [{ label: trans.__('Cancel'), callback }];
  let shown = '';
  try {
    for (;;) {
      const { kernel, progress } = await yard.client.call('environments.kernel', { path });
      if (kernel) {
        return kernel;
      }
      const message = trans.__('Installing the kernel… %1', progress);
      shown ||= Notification.emit(message, 'in-progress', { autoClose: false, actions });
      Notification.update({ id: shown, message, actions });
    }
  } finally {
    Notification.dismiss(shown);
  }
}

/** Create an environment, optionally with the packages of a kernel. */
function create(services: IPanelServices, capture = ''): Promise<unknown> {
  return reportFailure(
    services,
    services.trans.__('The environment was not created.'),
    async () => {
      const { yard, trans } = services;
      void yard.environments.start(); // the form does not wait: the server refuses a taken name
      const { items } = yard.environments;
      const wish = trans.__('environment');
      const isTaken = items.some(({ name }) => name.toLowerCase() === wish);
      const name = isTaken ? freeName(wish, items) : wish;
      const made = await askEnvironment({ name, capture }, trans, yard.client);
      if (made) {
        followInstallation(services, made);
        openEnvironment(services, made.id, 'log');
      }
    }
  );
}

export const environmentActions = {
  createEnvironment: (services: IPanelServices) => create(services),

  captureKernel: (services: IPanelServices, [kernel]: string[]) => create(services, kernel),

  openEnvironment: (services: IPanelServices, [id]: string[]) => openEnvironment(services, id),

  installPackages: (services: IPanelServices, [id]: string[]) =>
    openEnvironment(services, id, 'add'),

  showVersions: (services: IPanelServices, [id]: string[]) =>
    openEnvironment(services, id, 'versions'),

  notebookWithEnvironment: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('The notebook was not created.'), async () => {
      const kernelName = await kernelOf(services, id);
      await renewKernels(services); // the kernel may be new
      await services.commands.execute('notebook:create-new', { kernelName });
    }),

  useEnvironment: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('The kernel was not changed.'), async () =>
      restartWith(services, await kernelOf(services, id))
    ),

  copyKernelName: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('Not copied.'), async () => {
      const kernel = await kernelOf(services, id);
      await copyText(kernel, services.trans.__('The name of the kernel is copied.'));
    }),

  /** Without an active project, the default is that of the store. */
  makeDefault: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('The default was not changed.'), async () => {
      const { yard, trans } = services;
      const { name } = await known(services, id);
      const { project } = yard.client;
      await yard.client.call('environments.set_default', { body: { environment: id, project } });
      Notification.success(
        project
          ? trans.__('“%1” is the default environment of the active project.', name)
          : trans.__('“%1” is the default environment.', name),
        { autoClose: 5000 }
      );
    }),

  deleteEnvironment: (services: IPanelServices, [environment]: string[]) =>
    reportFailure(services, services.trans.__('Not deleted.'), async () => {
      const { yard, trans } = services;
      const { name } = await known(services, environment);
      const body = trans.__(
        'The versions and the kernel are deleted. Running kernels and runs continue.'
      );
      const request = { id: 'environments.delete', question: { path: { environment } } } as const;
      if (await confirm(services, trans.__('Delete “%1”?', name), body, request)) {
        await yard.client.call(request.id, request.question);
        yard.environments.remove(environment);
        await renewKernels(services);
      }
    })
};
