import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { IStateDB } from '@jupyterlab/statedb';
import { PartialJSONObject } from '@lumino/coreutils';
import { IYard } from '../api/yard';
import { IPaletteSource } from '../canvas/model/tokens';
import { addPanelCommands } from './commands';
import { IPanelServices, VIEWED, Views } from './frame/services';
import { PaletteSource } from './palette/paletteSource';
import { SidebarWidget } from './SidebarWidget';

const RANK = 550;
/** The place of our tiles in the launcher of JupyterLab 4.6; older ones put them last. */
const BELOW_NOTEBOOKS = 5;

export const panelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nbyard:panels',
  description: 'Runs, datasets, workflows and all else in the sidebar.',
  autoStart: true,
  requires: [IYard, IRenderMimeRegistry, ITranslator],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    IFileBrowserFactory,
    ILauncher,
    IStateDB,
    INotebookTracker
  ],
  activate: (
    app: JupyterFrontEnd,
    yard: IYard,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    browser: IFileBrowserFactory | null,
    launcher: ILauncher | null,
    state: IStateDB | null,
    notebooks: INotebookTracker | null
  ) => {
    const trans = translator.load('nbyard');
    const services: IPanelServices = {
      app,
      yard,
      trans,
      rendermime,
      commands: app.commands,
      browser,
      state,
      notebooks,
      views: Object.fromEntries(
        VIEWED.map(noun => [noun, tracked(noun, restorer)])
      ) as IPanelServices['views']
    };
    void app.restored.then(async () => (await import('./startup')).start(services, palette));
    const ids = addPanelCommands(services);
    ids.forEach(command => palette?.addItem({ command, category: trans.__('nbyard') }));
    ['create-example', 'workflow-from-folder', 'choose-model'].forEach((name, place) =>
      launcher?.add({
        command: `nbyard:${name}`,
        category: trans.__('Workflows'),
        categoryRank: BELOW_NOTEBOOKS,
        rank: 2 + place
      })
    );
    const panel = new SidebarWidget(services);
    app.shell.add(panel, 'left', { rank: RANK });
    restorer?.add(panel, panel.id);
  }
};

export const palettePlugin: JupyterFrontEndPlugin<IPaletteSource> = {
  id: 'nbyard:palette',
  description: 'Datasets and executables for the palette of a canvas.',
  requires: [IYard, ITranslator],
  provides: IPaletteSource,
  activate: (_: JupyterFrontEnd, yard: IYard, translator: ITranslator) =>
    new PaletteSource(yard, translator.load('nbyard'))
};

/** Track the open views, and restore them after a reload. */
function tracked(noun: string, restorer: ILayoutRestorer | null): Views {
  const tracker: Views = new WidgetTracker({ namespace: `nbyard-${noun}` });
  void restorer?.restore(tracker, {
    command: `nbyard:open-${noun}`,
    args: ({ content: { target }, id }) => ({
      id: target.id ?? '',
      target: { ...target, isNew: undefined, view: id } as PartialJSONObject
    }),
    name: ({ id }) => id
  });
  return tracker;
}
