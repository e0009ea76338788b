import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { CommandToolbarButton, PanelWithToolbar, SidePanel } from '@jupyterlab/ui-components';
import { AccordionPanel } from '@lumino/widgets';
import { IYard } from '../api/yard';
import { IPaletteSource } from '../canvas/model/tokens';
import { yardIcon } from '../icons/startup';
import { addPanelCommands } from './commands';
import { IPanelServices, Views } from './frame/services';
import { PaletteSource } from './palette/paletteSource';
import { SectionBody } from './widgets';

const RANK = 550;
const CREDENTIALS = 6;

export const panelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nbyard:panels',
  description:
    'Datasets, executables, workflows, artifacts, environments, deployments, credentials and runs in the sidebar.',
  autoStart: true,
  requires: [IYard, IRenderMimeRegistry, ITranslator],
  optional: [ILayoutRestorer, ICommandPalette, IFileBrowserFactory, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    yard: IYard,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    browser: IFileBrowserFactory | null,
    launcher: ILauncher | null
  ) => {
    const trans = translator.load('nbyard');
    const services: IPanelServices = {
      app,
      yard,
      trans,
      rendermime,
      commands: app.commands,
      browser,
      views: {
        artifact: tracked('artifact', restorer),
        dataset: tracked('dataset', restorer),
        deployment: tracked('deployment', restorer),
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
    launcher?.add({
      command: 'nbyard:create-deployment',
      args: { isTile: true },
      category: trans.__('Workflows'),
      rank: 3
    });
    const panel = sidebar(services);
    app.shell.add(panel, 'left', { rank: RANK });
    restorer?.add(panel, panel.id);
  }
};

export const palettePlugin: JupyterFrontEndPlugin<IPaletteSource> = {
  id: 'nbyard:palette',
  description: 'Datasets and executables for the drawer of a canvas.',
  requires: [IYard, ITranslator],
  provides: IPaletteSource,
  activate: (_: JupyterFrontEnd, yard: IYard, translator: ITranslator) =>
    new PaletteSource(yard, translator.load('nbyard'))
};

function sidebar(services: IPanelServices): SidePanel {
  const { trans, commands } = services;
  const panel = new SidePanel();
  panel.id = 'nbyard-sidebar';
  panel.addClass('nby-Sidebar');
  panel.title.icon = yardIcon;
  panel.title.caption = trans.__(
    'nbyard: datasets, executables, workflows, artifacts, environments, deployments, credentials, runs'
  );
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
    // a search and four rows; the style sheet is loaded after the first layout
    section.node.style.minHeight = '168px';
    section.addWidget(new SectionBody(services, name));
    buttons.forEach(id =>
      section.toolbar.addItem(id, new CommandToolbarButton({ commands, id, label: '' }))
    );
    panel.addWidget(section);
  };
  add(trans.__('Datasets'), 'DatasetSection', [
    'nbyard:upload-dataset',
    'nbyard:upload-folder',
    'nbyard:import-dataset'
  ]);
  add(trans.__('Executables'), 'ExecutableSection', ['nbyard:upload-executable']);
  add(trans.__('Workflows'), 'WorkflowSection', ['nbyard:create-workflow']);
  add(trans.__('Artifacts'), 'ArtifactSection', ['nbyard:create-artifact']);
  add(trans.__('Environments'), 'EnvironmentSection', ['nbyard:create-environment']);
  add(trans.__('Deployments'), 'DeploymentSection', ['nbyard:create-deployment']);
  add(trans.__('Credentials'), 'CredentialSection', ['nbyard:create-credential']);
  add(trans.__('Runs'), 'RunSection', []);
  const sections = panel.content as AccordionPanel;
  sections.collapse(CREDENTIALS); // rarely needed
  const share = (_: AccordionPanel, index: number) => {
    if (index === CREDENTIALS) {
      sections.expansionToggled.disconnect(share);
      // it has no earlier size to restore
      sections.setRelativeSizes(sections.widgets.map(({ isHidden }) => Number(!isHidden)));
    }
  };
  sections.expansionToggled.connect(share);
  return panel;
}

/** Track the open views, and restore them after a reload. */
function tracked(noun: string, restorer: ILayoutRestorer | null): Views {
  const tracker: Views = new WidgetTracker({ namespace: `nbyard-${noun}` });
  void restorer?.restore(tracker, {
    command: `nbyard:open-${noun}`,
    args: ({ content }) => ({ id: content.target.id ?? '' }),
    name: ({ content, id }) => (content.target.id === undefined ? '' : id)
  });
  return tracker;
}
