import { ABCWidgetFactory, DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { FlowModel } from '../document/flowModel';
import type { Actions } from './commands/table/command';
import type { Forecast } from './forecast/forecast';
import type * as Lazy from './lazy';
import type { CanvasController } from './model/controller';
import { ICanvasServices } from './model/tokens';

export type CanvasWidget = DocumentWidget<CanvasPanel, FlowModel>;

export interface ICanvasPanelOptions {
  context: DocumentRegistry.IContext<FlowModel>;
  services: ICanvasServices;
  contents: Contents.IManager;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** A workflow tab; its code is fetched when the first one is shown. */
export class CanvasPanel extends ReactWidget {
  constructor(private readonly options: ICanvasPanelOptions) {
    super();
    this.addClass('nby-CanvasPanel');
    this.forecast.addClass('nby-Forecast');
    this.chips.addClass('nby-Toolbar-chips');
  }

  actions?: Actions;
  canvas?: CanvasController;
  /** The room for the forecast beside Run; it is filled once the code was fetched. */
  readonly forecast = new Widget({ node: document.createElement('span') });

  /** The room for the chips at the right of the toolbar. */
  readonly chips = new Widget({ node: document.createElement('span') });

  /** Emitted when selection, focus or loading changes, so that commands update. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._forecast?.dispose();
      this.canvas?.dispose();
      super.dispose();
      Signal.clearData(this);
    }
  }

  protected render(): JSX.Element {
    const { trans } = this.options;
    if (!this._code || !this.canvas) {
      return <div className="nby-Canvas-loading">{this._failed ?? trans.__('Opening…')}</div>;
    }
    const { Canvas } = this._code;
    return <Canvas canvas={this.canvas} toolbar={this.chips.node} />;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this._load();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._show(true);
    void this._load();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._show(false);
  }

  protected override onActivateRequest(): void {
    const { activeElement } = document;
    // JupyterLab activates again when its spinner is gone: a focused element keeps the focus
    if (activeElement === this.node || !this.node.contains(activeElement)) {
      (this.canvas?.front ?? this.node).focus({ preventScroll: true });
    }
  }

  /** Previews, forecasts and checks of files are requested only for a canvas that is seen. */
  private _show(shown: boolean): void {
    const { canvas, _forecast: forecast } = this;
    for (const part of [forecast, canvas?.checker, canvas?.runs]) {
      if (part) {
        part.isShown = shown;
      }
    }
  }

  private async _load(): Promise<void> {
    if (this._loading) {
      return;
    }
    this._loading = true;
    try {
      const [code] = await Promise.all([import('./lazy'), this.options.context.ready]);
      if (this.isDisposed) {
        return;
      }
      this._code = code;
      const { contents, context, trans } = this.options;
      if (!context.model.collaborative) {
        code.guardSave(context, contents, trans); // nothing is edited before
        code.followDisk(context, contents);
      }
      this.actions = code.actions;
      this.canvas = new code.CanvasController(this.options);
      this._forecast = new code.Forecast(this.canvas, this.forecast.node);
      this._show(this.isVisible); // it may have been hidden meanwhile
      this.canvas.selectionChanged.connect(() => this._changed.emit());
      this.canvas.doc.changed.connect(() => this._changed.emit());
      this.canvas.checker.changed.connect(() => this._changed.emit());
      let { isLive } = this.canvas;
      this.canvas.runs?.changed.connect(() => {
        if (this.canvas!.isLive !== isLive) {
          isLive = !isLive;
          this._changed.emit();
        }
      });
    } catch (error) {
      this._loading = false;
      this._failed = this.options.trans.__('Failed to show the canvas: %1', String(error));
    }
    this.update();
    this._changed.emit();
  }

  private _code?: typeof Lazy;
  private _forecast?: Forecast;
  private _loading = false;
  private _failed?: string;
  private _changed = new Signal<this, void>(this);
}

export interface IWorkflowFactoryOptions extends DocumentRegistry.IWidgetFactoryOptions<CanvasWidget> {
  services: ICanvasServices;
  contents: Contents.IManager;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

export class WorkflowFactory extends ABCWidgetFactory<CanvasWidget, FlowModel> {
  constructor(private readonly options: IWorkflowFactoryOptions) {
    super(options);
  }

  /** The services for every canvas that is opened from now on. */
  get services(): ICanvasServices {
    return this.options.services;
  }

  protected createNewWidget(context: DocumentRegistry.IContext<FlowModel>): CanvasWidget {
    const { services, contents, commands, trans } = this.options;
    const content = new CanvasPanel({ context, services, contents, commands, trans });
    return new DocumentWidget({ content, context });
  }
}
