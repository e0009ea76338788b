import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';
import { connect, IYard } from './yard';

export const yardPlugin: JupyterFrontEndPlugin<IYard> = {
  id: 'nbyard:yard',
  description: 'Operations, events and collections of the nbyard server.',
  autoStart: true,
  provides: IYard,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) =>
    connect(app.serviceManager.serverSettings, translator?.load('nbyard'))
};
