import '../../style/base.css';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { lazy, Suspense } from 'react';
import { IChosenStep, IChosenSteps } from '../canvas/model/tokens';
import { runsIcon } from '../icons/startup';
import { RunModel } from './model/runModel';
import { IRunServices } from './model/services';
import { shownRun } from './model/shownRun';

export { enlarge } from './height';

const RunView = lazy(() => import('./view/RunView'));
const ExecutedNotebook = lazy(() => import('./view/notebook/ExecutedNotebook'));

/** The Run Info panel: one run, live. */
export class RunInfo extends ReactWidget {
  constructor(private readonly services: IRunServices) {
    super();
    this.addClass('nby-RunDrawer');
    const { steps, yard } = services;
    steps?.chosen.connect(this._onChosen, this);
    yard.runs.changed.connect(this._onRuns, this);
  }

  get model(): RunModel | undefined {
    return this._model;
  }

  /** Emitted when another run is shown. */
  get runChanged(): ISignal<this, void> {
    return this._runChanged;
  }

  /**
   * Whether newer runs of the same file take the place of the shown run. It is false if the user
   * chose an older run.
   */
  get follows(): boolean {
    return this._follows;
  }

  open(id: string, follows?: boolean): void {
    if (this._model?.id === id) {
      return;
    }
    this._close();
    this._model = RunModel.of(this.services.yard, id);
    // IDs of runs sort by the time of their creation
    this._follows = follows ?? (this._newestOf(this._path) ?? '') <= id;
    this._onRuns();
    this._announce();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      const { steps, yard } = this.services;
      steps?.chosen.disconnect(this._onChosen, this);
      yard.runs.changed.disconnect(this._onRuns, this);
      this._close();
      shownRun.set(undefined);
      super.dispose();
      Signal.clearData(this);
    }
  }

  protected render(): JSX.Element {
    const { trans } = this.services;
    if (!this._model) {
      return <p className="nby-Note">{trans.__('No runs yet.')}</p>;
    }
    return (
      <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
        <RunView key={this._model.id} services={this.services} model={this._model} />
      </Suspense>
    );
  }

  /** Show the newest run of the workflow that came to the front, or that it has none. */
  private async _onChosen(_: IChosenSteps, { path }: IChosenStep): Promise<void> {
    const { client } = this.services.yard;
    const shown = this._path;
    this._front = path;
    if (!this.isAttached || shown === path) {
      return;
    }
    const query = { workflow: path, limit: 1 };
    const page = await client.call('runs.list', { query }).catch(() => undefined);
    if (!page || this._front !== path || !this.isAttached) {
      return;
    }
    const newest = page.items[0];
    if (!newest) {
      this._close();
      this._follows = true;
      this._announce();
    } else if (newest.id !== this._model?.id) {
      this.open(newest.id);
    }
  }

  /** Show a newer run of the same file, unless the user chose an older one. */
  private _onRuns(): void {
    const newest = this._newestOf(this._path);
    if (newest && this._follows && newest > (this._model?.id ?? '')) {
      this.open(newest);
    }
  }

  private _newestOf(path: string | undefined): string | undefined {
    const { items } = this.services.yard.runs;
    return path && items.find(run => run.path === path)?.id;
  }

  private _announce(): void {
    this._runChanged.emit();
    shownRun.set(this._model?.id);
    this.update();
  }

  private _close(): void {
    this._model?.dispose();
    this._model = undefined;
  }

  /** The file of the shown run; without a run, the workflow in front. */
  private get _path(): string | undefined {
    if (!this._model) {
      return this._front;
    }
    const { id, run } = this._model;
    return (run ?? this.services.yard.runs.items.find(listed => listed.id === id))?.path;
  }

  private _follows = true;
  private _front?: string;
  private _model?: RunModel;
  private _runChanged = new Signal<this, void>(this);
}

/** The tab of Run Info; it can come to the front without taking the focus. */
export class RunTab extends MainAreaWidget<RunInfo> {
  constructor(services: IRunServices) {
    super({ content: new RunInfo(services) });
    const { trans } = services;
    this.id = 'nbyard-run';
    this.toolbar.hide();
    this.title.label = trans.__('Run Info');
    this.title.caption = trans.__('State, log and results of a run');
    this.title.icon = runsIcon;
    this.title.closable = true;
  }

  takesFocus = true;

  protected override onActivateRequest(message: Message): void {
    if (this.takesFocus) {
      super.onActivateRequest(message);
    }
  }
}

interface IExecuted {
  run: string;
  node: string;
  /** The name of the node. */
  label: string;
}

/** The executed notebook of one task in its own tab. */
export class ExecutedTab extends MainAreaWidget<ExecutedPanel> {
  constructor(services: IRunServices, id: string, shown: IExecuted) {
    super({ content: new ExecutedPanel(services, shown) });
    this.id = id;
    this.toolbar.hide();
    this.title.label = services.trans.__('%1 (executed)', shown.label);
    this.title.icon = runsIcon;
    this.title.closable = true;
  }
}

class ExecutedPanel extends ReactWidget {
  constructor(
    private readonly services: IRunServices,
    readonly shown: IExecuted
  ) {
    super();
    this.addClass('nby-ExecutedPanel');
    this._model = RunModel.of(services.yard, shown.run);
  }

  override dispose(): void {
    this._model.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <Suspense fallback={<p className="nby-Note">{this.services.trans.__('Opening…')}</p>}>
        <ExecutedNotebook services={this.services} model={this._model} step={this.shown.node} />
      </Suspense>
    );
  }

  private readonly _model: RunModel;
}
