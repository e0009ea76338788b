import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator } from '@jupyterlab/translation';
import { CommandToolbarButton, PanelWithToolbar, SidePanel } from '@jupyterlab/ui-components';
import { IYard } from '../api/yard';
import { yardIcon } from '../icons';
import { addPanelCommands } from './commands';
import { IPanelServices, Views } from './services';
import { SectionBody } from './widgets';

const RANK = 550;

export const panelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nbyard:panels',
  description: 'Datasets, executables, workflows, libraries and runs in the sidebar.',
  autoStart: true,
  requires: [IYard, ITranslator],
  optional: [ILayoutRestorer, ICommandPalette, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    yard: IYard,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    browser: IFileBrowserFactory | null
  ) => {
    const trans = translator.load('nbyard');
    const services: IPanelServices = {
      app,
      yard,
      trans,
      commands: app.commands,
      browser,
      views: {
        dataset: tracked('dataset', restorer),
        environment: tracked('environment', restorer),
        executable: tracked('executable', restorer)
      }
    };
    yard.stream.events.connect(async (_, events) => {
      if (events.some(({ topic }) => topic.startsWith('environment'))) {
        (await import('./lazy')).renewKernels(services);
      }
    });
    const ids = addPanelCommands(services);
    ids.forEach(command => palette?.addItem({ command, category: trans.__('nbyard') }));
    const panel = sidebar(services);
    app.shell.add(panel, 'left', { rank: RANK });
    restorer?.add(panel, panel.id);
  }
};

function sidebar(services: IPanelServices): SidePanel {
  const { trans, commands } = services;
  const panel = new SidePanel();
  panel.id = 'nbyard-sidebar';
  panel.addClass('nby-Sidebar');
  panel.title.icon = yardIcon;
  panel.title.caption = trans.__('nbyard: datasets, executables, workflows, libraries, runs');
  panel.node.setAttribute('role', 'region');
  panel.node.setAttribute('aria-label', trans.__('nbyard'));
  const add = (
    label: string,
    name: ConstructorParameters<typeof SectionBody>[1],
    buttons: readonly string[]
  ) => {
    const section = new PanelWithToolbar();
    section.title.label = label;
    section.addClass('nby-SectionPanel');
    section.addWidget(new SectionBody(services, name));
    buttons.forEach(id =>
      section.toolbar.addItem(id, new CommandToolbarButton({ commands, id, label: '' }))
    );
    panel.addWidget(section);
  };
  add(trans.__('Datasets'), 'DatasetSection', ['nbyard:upload-dataset', 'nbyard:import-dataset']);
  add(trans.__('Executables'), 'ExecutableSection', ['nbyard:upload-executable']);
  add(trans.__('Workflows'), 'WorkflowSection', ['nbyard:create-workflow']);
  add(trans.__('Libraries'), 'EnvironmentSection', ['nbyard:create-environment']);
  add(trans.__('Runs'), 'RunSection', []);
  return panel;
}

/** Those that are open, and open again after a reload. */
function tracked(noun: string, restorer: ILayoutRestorer | null): Views {
  const tracker: Views = new WidgetTracker({ namespace: `nbyard-${noun}` });
  void restorer?.restore(tracker, {
    command: `nbyard:open-${noun}`,
    args: ({ content }) => ({ id: content.target.id ?? '' }),
    name: ({ content, id }) => (content.target.id === undefined ? '' : id)
  });
  return tracker;
}
