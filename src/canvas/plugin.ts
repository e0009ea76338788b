import { ICollaborativeContentProvider } from '@jupyter/collaborative-drive';
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  createToolbarFactory,
  ICommandPalette,
  IToolbarWidgetRegistry,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Contents } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { FlowDoc } from '../document/flowDoc';
import { FlowModelFactory } from '../document/flowModel';
import { descriptionIcon, workflowIcon } from '../icons/startup';
import { CONTENT_TYPE, EXTENSION, FACTORY, FILE_TYPE, MODEL } from '../document/fileType';
import { addCommands } from './commands/table/registration';
import { IChosenSteps, IPaletteSource, IRunStatesSource, IWorkflowBackend } from './model/tokens';
import { CanvasWidget, WorkflowFactory } from './widget';

const PLUGIN = 'nbyard:canvas';
const CREATE = 'nbyard:create-workflow';
/** The extension of files that describe the arguments of code. */
const DESCRIPTION = '.nbexec';

export const canvasPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Opens workflows on a canvas.',
  autoStart: true,
  optional: [
    ITranslator,
    ISettingRegistry,
    IToolbarWidgetRegistry,
    ICommandPalette,
    ILayoutRestorer,
    ILauncher,
    IMainMenu,
    IDefaultFileBrowser,
    ICollaborativeContentProvider,
    IWorkflowBackend,
    IRunStatesSource,
    IPaletteSource,
    IChosenSteps,
    INotebookTracker,
    IRenderMimeRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    toolbars: IToolbarWidgetRegistry | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    launcher: ILauncher | null,
    menu: IMainMenu | null,
    browser: IDefaultFileBrowser | null,
    shared: ICollaborativeContentProvider | null,
    backend: IWorkflowBackend | null,
    runs: IRunStatesSource | null,
    rows: IPaletteSource | null,
    steps: IChosenSteps | null,
    notebooks: INotebookTracker | null,
    rendermime: IRenderMimeRegistry | null
  ) => {
    translator ??= nullTranslator;
    const trans = translator.load('nbyard');
    const tracker = new WidgetTracker<CanvasWidget>({ namespace: 'nbyard-canvas' });
    const { contents } = app.serviceManager;
    addDocumentType(app, trans);
    shared?.sharedModelFactory.registerDocumentFactory(CONTENT_TYPE, () => new FlowDoc());
    toolbars?.addFactory<CanvasWidget>(FACTORY, 'forecast', ({ content }) => content.forecast);
    toolbars?.addFactory<CanvasWidget>(FACTORY, 'chips', ({ content }) => content.chips);
    const factory = new WorkflowFactory({
      name: FACTORY,
      label: trans.__('Workflow'),
      modelName: MODEL,
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      contentProviderId: shared ? 'rtc' : undefined,
      toolbarFactory:
        toolbars && settings
          ? createToolbarFactory(toolbars, settings, FACTORY, PLUGIN, translator)
          : undefined,
      services: {
        backend: backend ?? undefined,
        runs: runs ?? undefined,
        palette: rows ?? undefined,
        steps: steps ?? undefined,
        rendermime: rendermime ?? undefined,
        openNotebook: () => notebooks?.currentWidget?.context.path
      },
      contents,
      commands: app.commands,
      trans
    });
    factory.widgetCreated.connect((_, widget) => {
      widget.title.icon = workflowIcon;
      widget.context.pathChanged.connect(() => void tracker.save(widget));
      void tracker.add(widget);
    });
    tracker.currentChanged.connect((_, widget) => {
      if (widget) {
        const { context, content } = widget;
        steps?.choose({ path: contents.localPath(context.path), node: content.canvas?.step });
      }
    });
    app.docRegistry.addWidgetFactory(factory);
    addCreate(app, browser, trans);
    if (browser) {
      hideDescriptions(browser);
    }
    addCommands(app.commands, tracker, palette, trans);
    palette?.addItem({
      command: CREATE,
      args: { isPalette: true },
      category: trans.__('nbyard') // so that its label comes before longer ones
    });
    launcher?.add({
      command: CREATE,
      args: { isPalette: true },
      category: trans.__('Workflows'),
      rank: 1
    });
    addUndo(menu, tracker);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FACTORY }),
      name: widget => widget.context.path
    });
  }
};

function addDocumentType(app: JupyterFrontEnd, trans: TranslationBundle): void {
  app.docRegistry.addModelFactory(new FlowModelFactory());
  const type = {
    displayName: trans.__('Workflow'),
    extensions: [EXTENSION],
    mimeTypes: ['application/x-nbyard+json'],
    icon: workflowIcon
  };
  app.docRegistry.addFileType({ ...type, name: FILE_TYPE, contentType: CONTENT_TYPE });
  // The server lists the file as a plain one, and the icon is looked up by that type.
  app.docRegistry.addFileType({ ...type, name: `${FILE_TYPE}-file` });
  app.docRegistry.addFileType({
    name: 'nbyard-description',
    displayName: trans.__('Description of Code'),
    extensions: [DESCRIPTION],
    icon: descriptionIcon
  });
}

/** List descriptions of code only where the file browser shows hidden files. */
function hideDescriptions(browser: IDefaultFileBrowser): void {
  const { model } = browser;
  const items = model.items.bind(model);
  const isShown = ({ name }: Contents.IModel) =>
    browser.showHiddenFiles || !name.endsWith(DESCRIPTION);
  model.items = () => [...items()].filter(isShown).values();
}

function addCreate(
  app: JupyterFrontEnd,
  browser: IDefaultFileBrowser | null,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CREATE, {
    label: args => (args.isPalette ? trans.__('New Workflow') : trans.__('Workflow')),
    caption: trans.__('Create a new workflow'),
    icon: workflowIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { cwd: { type: 'string', description: trans.__('Folder of the new workflow') } }
      }
    },
    execute: async args => {
      const path = typeof args.cwd === 'string' ? args.cwd : (browser?.model.path ?? '');
      const { contents } = app.serviceManager;
      const model = await contents.newUntitled({ path, type: 'file', ext: EXTENSION });
      return app.commands.execute('docmanager:open', { path: model.path, factory: FACTORY });
    }
  });
}

/** Connect Undo and Redo of the Edit menu to the canvas. */
function addUndo(menu: IMainMenu | null, tracker: WidgetTracker<CanvasWidget>): void {
  for (const [group, id] of [
    [menu?.editMenu.undoers.undo, 'nbyard:undo'],
    [menu?.editMenu.undoers.redo, 'nbyard:redo']
  ] as const) {
    group?.add({ id, isEnabled: widget => tracker.has(widget) });
  }
}
