import { MainAreaWidget } from '@jupyterlab/apputils';
import { runsIcon } from '../../icons/startup';
import { IPanelServices } from '../frame/services';

const ID = 'nbyard-admin';

export const adminActions = {
  openAdmin: async (services: IPanelServices): Promise<void> => {
    const { app, trans } = services;
    if (![...app.shell.widgets('main')].some(({ id }) => id === ID)) {
      const { createPage } = await import('./AdminPage');
      const view = new MainAreaWidget({ content: createPage(services) });
      view.id = ID;
      view.toolbar.hide();
      view.title.icon = runsIcon;
      view.title.label = trans.__('nbyard Administration');
      view.title.closable = true;
      app.shell.add(view, 'main');
    }
    app.shell.activateById(ID);
  }
};
