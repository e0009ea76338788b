import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { connect, IYard } from './yard';

export const yardPlugin: JupyterFrontEndPlugin<IYard> = {
  id: 'nbyard:yard',
  description: 'Operations, events and collections of the nbyard server.',
  autoStart: true,
  provides: IYard,
  activate: (app: JupyterFrontEnd) => connect(app.serviceManager.serverSettings)
};
