import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { launcherIcon } from '@jupyterlab/ui-components';
import { isLive } from '../api/types';
import { IYard } from '../api/yard';
import type { IChosenStep } from '../canvas/model/tokens';
import { IChosenSteps } from '../canvas/model/tokens';
import { runsIcon } from '../icons/startup';
import { addRunCommands } from './commands';
import type { ExecutedTab, RunTab } from './runInfo';
import { pointedId } from '../components/pointedRow';
import { addSaveFiles } from './saving/saveFiles';
import { IRunServices } from './model/services';
import { describedBy } from './describe/describedBy';

const SHOW = 'nbyard:show-run';
const EXECUTED = 'nbyard:open-executed';

export const runsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nbyard:runs',
  description: 'Shows runs, live, in Run Info below.',
  autoStart: true,
  requires: [IYard, IRenderMimeRegistry, ITranslator],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    IStatusBar,
    IChosenSteps,
    IFileBrowserFactory,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    yard: IYard,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null,
    steps: IChosenSteps | null,
    browser: IFileBrowserFactory | null,
    settings: ISettingRegistry | null
  ) => {
    const trans = translator.load('nbyard');
    const { commands, serviceManager } = app;
    const { contents } = serviceManager;
    const services = { app, yard, trans, commands, contents, rendermime, steps };
    const runInfo = new RunInfoTabs(app, services);
    const ids = addRunCommands({
      app,
      commands,
      yard,
      trans,
      show: id => runInfo.show(id),
      shown: () => runInfo.run,
      pointed: () => pointedId(app, 'run'),
      pointedResult: () => pointedId(app, 'result')
    });
    addShow(app, runInfo, services);
    addExecuted(app, services, restorer);
    if (browser) {
      addSaveFiles(app, services, browser);
    }
    void restorer?.restore(runInfo.tracker, {
      command: SHOW,
      args: ({ content: { follows, model } }) => ({ id: model?.id ?? '', quiet: true, follows }),
      name: () => 'nbyard-run'
    });
    [SHOW, ...ids].forEach(command => palette?.addItem({ command, category: trans.__('nbyard') }));
    void app.restored
      .then(() => yard.runs.start())
      .then(() => showLive(app, services, runInfo, statusBar, settings));
    const linked = new URLSearchParams(location.search).get('nbyard-run');
    if (linked) {
      void app.restored.then(() => app.commands.execute(SHOW, { id: linked }));
    }
  }
};

/** The one Run Info panel, created when a run is first shown. */
class RunInfoTabs {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly services: IRunServices
  ) {}

  readonly tracker = new WidgetTracker<RunTab>({ namespace: 'nbyard-run' });

  get run(): string | undefined {
    return this._widget?.content.model?.id;
  }

  get isVisible(): boolean {
    return !!this._widget?.isVisible;
  }

  async show(id: string, activate = true, focus = true, follows?: boolean): Promise<RunTab> {
    const { enlarge, RunTab } = await import('./runInfo');
    if (!this._widget || this._widget.isDisposed) {
      const made = (this._widget = new RunTab(this.services));
      made.content.runChanged.connect(() => void this.tracker.save(made));
      void this.tracker.add(made);
    }
    const widget = this._widget;
    widget.content.open(id, follows);
    if (!widget.isAttached) {
      this.app.shell.add(widget, 'down');
      // the shell of JupyterLab 4.4 does not list the widgets of this area
      const alone = !this._sized && [...(widget.parent?.children() ?? [])].length < 2;
      this._sized = true;
      if (activate && alone) {
        enlarge(widget);
      }
    }
    if (activate) {
      widget.takesFocus = focus;
      this.app.shell.activateById(widget.id);
    }
    return widget;
  }

  private _widget?: RunTab;
  private _sized = false;
}

function addShow(
  app: JupyterFrontEnd,
  runInfo: RunInfoTabs,
  { yard, trans, steps }: IRunServices
): void {
  app.commands.addCommand(SHOW, {
    label: trans.__('Show Run'),
    caption: trans.__('Show a run in Run Info, by default the newest one'),
    icon: runsIcon,
    describedBy: describedBy('show', trans),
    execute: async args => {
      let id = typeof args.id === 'string' ? args.id : pointedId(app, 'run');
      if (id === undefined) {
        await yard.runs.start();
        id = yard.runs.items[0]?.id;
      }
      if (!id) {
        if (!args.quiet) {
          Notification.info(trans.__('No runs yet.'), { autoClose: 3000 });
        }
        return undefined;
      }
      const shown = await runInfo.show(
        id,
        args.quiet !== true,
        args.keepFocus !== true,
        args.follows as boolean | undefined
      );
      const { node, tab } = args;
      if (typeof node === 'string') {
        const { model } = shown.content;
        await model?.ready;
        const path = args.path ?? model?.run?.path;
        if (typeof path === 'string') {
          steps?.choose({ path, node, tab: tab as IChosenStep['tab'] });
        }
      }
      return shown;
    }
  });
}

function addExecuted(
  app: JupyterFrontEnd,
  services: IRunServices,
  restorer: ILayoutRestorer | null
): void {
  const { trans } = services;
  const tracker = new WidgetTracker<ExecutedTab>({ namespace: 'nbyard-executed' });
  app.commands.addCommand(EXECUTED, {
    label: trans.__('Open Executed Notebook'),
    caption: trans.__('Open the executed notebook of a task, read-only'),
    icon: launcherIcon,
    describedBy: describedBy('executed', trans),
    execute: async args => {
      const { ExecutedTab } = await import('./runInfo');
      const run = String(args.run ?? '');
      const node = String(args.node ?? '');
      const label = String(args.label || node);
      const id = `nbyard-executed-${run}-${node}`;
      let widget = tracker.find(tab => tab.id === id);
      if (!widget) {
        widget = new ExecutedTab(services, id, { run, node, label });
        void tracker.add(widget);
        app.shell.add(widget, 'main');
      }
      app.shell.activateById(id);
      return widget;
    }
  });
  void restorer?.restore(tracker, {
    command: EXECUTED,
    args: ({ content }) => ({ ...content.shown }),
    name: widget => widget.id
  });
}

/** Show live runs and their ends. */
async function showLive(
  { serviceManager: { user } }: JupyterFrontEnd,
  services: IRunServices,
  runInfo: RunInfoTabs,
  bar: IStatusBar | null,
  settings: ISettingRegistry | null
): Promise<void> {
  const { yard, commands, trans } = services;
  const live = yard.runs.items.filter(isLive);
  const { announceEnds, StatusItem } = await import('./live');
  const item = new StatusItem(yard, commands, trans);
  bar?.registerStatusItem('nbyard:runs', {
    item,
    align: 'left',
    rank: 90,
    isActive: () => item.live > 0,
    activeStateChanged: yard.runs.changed as never
  });
  await user.ready.catch(() => undefined);
  announceEnds(services, runInfo, live, settings, user.identity?.username ?? '');
}
