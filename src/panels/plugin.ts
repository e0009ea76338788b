import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  LabIcon,
  PanelWithToolbar,
  SidePanel
} from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import { IYard } from '../api/yard';
import { datasetIcon, otherIcon, yardIcon } from '../icons';
import { addPanelCommands } from './commands';
import { IExecutableTarget, IPanelServices } from './services';
import { DatasetPanel, ExecutablePanel, SectionBody } from './widgets';

const RANK = 550;

export const panelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nbyard:panels',
  description: 'Datasets, executables, workflows and runs in the sidebar.',
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
      openDataset: addDatasets(app, () => services, restorer),
      openExecutable: addExecutables(app, () => services, restorer)
    };
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
  panel.title.caption = trans.__('nbyard: datasets, executables, workflows, runs');
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
  add(trans.__('Runs'), 'RunSection', []);
  return panel;
}

function tab<T extends Widget>(
  content: T,
  id: string,
  label: string,
  icon: LabIcon
): MainAreaWidget<T> {
  const widget = new MainAreaWidget({ content });
  widget.id = id;
  widget.toolbar.hide();
  widget.title.label = label;
  widget.title.icon = icon;
  widget.title.closable = true;
  return widget;
}

function addDatasets(
  app: JupyterFrontEnd,
  services: () => IPanelServices,
  restorer: ILayoutRestorer | null
): IPanelServices['openDataset'] {
  const tracker = new WidgetTracker<MainAreaWidget<DatasetPanel>>({ namespace: 'nbyard-dataset' });
  void restorer?.restore(tracker, {
    command: 'nbyard:open-dataset',
    args: ({ content }) => ({ id: content.target }),
    name: widget => widget.id
  });
  return dataset => {
    const id = `nbyard-dataset-${dataset}`;
    const { yard, trans } = services();
    if (!tracker.find(widget => widget.id === id)) {
      const content = new DatasetPanel(services(), dataset);
      const widget = tab(content, id, trans.__('Dataset'), datasetIcon);
      const name = () => {
        widget.title.label = yard.datasets.find(dataset)?.name ?? widget.title.label;
      };
      name();
      yard.datasets.changed.connect(name);
      widget.disposed.connect(() => void yard.datasets.changed.disconnect(name));
      void tracker.add(widget);
      app.shell.add(widget, 'main');
    }
    app.shell.activateById(id);
  };
}

function addExecutables(
  app: JupyterFrontEnd,
  services: () => IPanelServices,
  restorer: ILayoutRestorer | null
): IPanelServices['openExecutable'] {
  const tracker = new WidgetTracker<MainAreaWidget<ExecutablePanel>>({
    namespace: 'nbyard-executable'
  });
  void restorer?.restore(tracker, {
    command: 'nbyard:open-executable',
    args: ({ content }) => ({ id: content.target.id ?? '' }),
    name: ({ content, id }) => (content.target.id === undefined ? '' : id)
  });
  const same = (one: IExecutableTarget, other: IExecutableTarget) =>
    (one.id !== undefined && one.id === other.id) ||
    (one.path !== undefined && one.path === other.path);
  return target => {
    const { yard, trans } = services();
    let widget = tracker.find(({ content }) => same(content.target, target));
    if (!widget) {
      const content = new ExecutablePanel(services(), target);
      const id = `nbyard-executable-${target.id ?? target.path ?? target.upload}`;
      const made = tab(content, id, PathExt.basename(target.path ?? ''), otherIcon);
      const name = () => {
        const known = yard.executables.find(content.target.id ?? '')?.name;
        made.title.label = (known ?? made.title.label) || trans.__('Executable');
      };
      name();
      yard.executables.changed.connect(name);
      made.disposed.connect(() => void yard.executables.changed.disconnect(name));
      content.targetChanged.connect(() => {
        const { target: now } = content;
        const other = tracker.find(
          each => each !== made && now.id !== undefined && each.content.target.id === now.id
        );
        if (other) {
          made.dispose(); // it is open already
          other.content.target = now;
          app.shell.activateById(other.id);
          return;
        }
        name();
        void tracker.save(made);
      });
      void tracker.add(made);
      app.shell.add(made, 'main');
      widget = made;
    } else if (target.tab) {
      widget.content.target = target;
    }
    app.shell.activateById(widget.id);
  };
}
