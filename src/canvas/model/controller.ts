import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { Edge, ReactFlowInstance, Viewport } from '@xyflow/react';
import type { FlowDoc, IFlowChange } from '../../document/flowDoc';
import { FlowModel } from '../../document/flowModel';
import { Checker } from './checker';
import { carry, recall, remember } from './viewState';
import { focusNode, reveal } from './focus';
import { ensureId } from './identity';
import { ConnectionUpdates } from './diagram/connectionUpdates';
import { handlesOf } from './diagram/groupPorts';
import { CardNode, FlowStore } from './flowStore';
import {
  ICanvasServices,
  ICanvasUi,
  IChosenStep,
  IChosenSteps,
  INoticeAction,
  IPick,
  IPickRequest,
  IRunStates,
  TaskState
} from './tokens';
import { nodesForMode, NodeViews } from './nodeViews';

/** How long the canvas takes to fit its cards to a new size, in milliseconds. */
const FITTED = 200;
const LIVE = new Set(['queued', 'running']);

export interface ICanvasOptions {
  context: DocumentRegistry.IContext<FlowModel>;
  services: ICanvasServices;
  contents: Contents.IManager;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** One open workflow: its document, its checks and runs, and its view. */
export class CanvasController {
  constructor(options: ICanvasOptions) {
    this.context = options.context;
    this.services = options.services;
    this.contents = options.contents;
    this.commands = options.commands;
    this.trans = options.trans;
    const model = this.context.model;
    this.doc = model.sharedModel;
    const empty = this.doc.nodes.size < 2;
    const { palette = empty, inspector = false, outline = false, minimap } = recall(this.path);
    this._ui = { palette, inspector, outline, minimap };
    const id = this.doc.meta.get('id');
    this.id = typeof id === 'string' ? id : undefined;
    this._place = this.path;
    this.runs = this.services.runs?.follow(
      () => this.path,
      id => this.doc.nodes.has(id)
    );
    this.checker = new Checker(this.doc, () => this.path, this.services.backend);
    this.views = new NodeViews(this.doc, this.checker, this.runs);
    this.store = new FlowStore(this.doc, model.collaborative, {
      nameOf: id => this.nameOf(id),
      portsOf: (id, tree) => handlesOf(tree, this.views, id),
      stateOf: id => this.stateOf(id),
      // Other nodes break no contract, and reading all of them would take long.
      brokenAt: id => (this.stateOf(id) === 'failed' ? this.runs?.get(id)?.broken : undefined),
      formatOf: (id, output) =>
        this.checker.reading(id)?.arguments?.find(({ name }) => name === output)?.format
    });
    this.doc.changed.connect(this._onDocument, this);
    this._updates = new ConnectionUpdates(this.views, this.store);
    this.runs?.changed.connect(this._onRuns, this);
    this.store.subscribe(this._onSelection);
    this.services.steps?.chosen.connect(this._onStep, this);
    this.checker.changed.connect(this._onChecked, this);
    this.checker.watch(this.contents);
    this.context.pathChanged.connect(this._onPath, this);
    this.context.saveState.connect(this._onSave, this);
  }

  readonly context: DocumentRegistry.IContext<FlowModel>;
  readonly services: ICanvasServices;
  readonly contents: Contents.IManager;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  readonly doc: FlowModel['sharedModel'];
  readonly store: FlowStore;
  readonly checker: Checker;
  readonly views: NodeViews;
  readonly runs: IRunStates | undefined;

  /** The last id of the workflow, which outlives a revert to a text without one. */
  id?: string;
  /** Set while the diagram is shown: React Flow's methods, and the element with the keys. */
  flow?: ReactFlowInstance<CardNode, Edge>;
  stage?: HTMLElement;
  /** Set while the table is shown instead. */
  table?: HTMLElement;
  /** The view after the last fit: an equal view means that the user has not moved since. */
  fitted?: Viewport & { isWhole?: boolean };
  /** A shift of the view that kept a card visible, and the height below which it is needed. */
  shifted?: { from: Viewport; to: Viewport; width: number; height: number };

  /** Return the id of the element that names a card; only visible cards have one. */
  nameOf(node: string): string {
    return `${this._names}-${encodeURIComponent(node)}`;
  }

  /** The element that receives keys: the diagram or the table. */
  get front(): HTMLElement | undefined {
    return this.stage ?? this.table;
  }

  /** Switch between diagram and table, and move the focus along. */
  toggleOutline(): void {
    this._arriving = true;
    this.set({ outline: !this.ui.outline });
  }

  /** Focus the diagram or the table once it is ready, if the switch requested that. */
  arrive(): void {
    const { front } = this;
    if (!this._arriving || !front || (front === this.table) !== this.ui.outline) {
      return;
    }
    this._arriving = false;
    const { focused } = this.store;
    if (this.stage) {
      front.focus({ preventScroll: true });
      if (focused) {
        focusNode(this, focused);
      }
    } else {
      const row = focused && `button[data-id="${CSS.escape(focused)}"]`;
      (front.querySelector<HTMLElement>(row || 'button') ?? front).focus();
    }
  }

  /** Emitted when other nodes or connections are selected, or another node has the focus. */
  get selectionChanged(): ISignal<this, void> {
    return this._selectionChanged;
  }

  get ui(): ICanvasUi {
    return this._ui;
  }

  get uiChanged(): ISignal<this, void> {
    return this._uiChanged;
  }

  get path(): string {
    return this.contents.localPath(this.context.path);
  }

  get readOnly(): boolean {
    return this.context.model.readOnly || this.context.contentsModel?.writable === false;
  }

  set(change: Partial<ICanvasUi>): void {
    this._ui = { ...this._ui, ...change };
    const { notice: _, picker: __, editing: ___, ...panels } = change;
    if (Object.keys(panels).length) {
      remember(this.path, panels);
    }
    this._uiChanged.emit();
  }

  /**
   * Show a message for some seconds; a message about a run at most while the run is live. A message
   * with an action stays until the next one, or the next edit.
   */
  say(text: string, problem = false, run?: string, action?: INoticeAction): void {
    this.set({ notice: { text, problem, run, action } });
    window.clearTimeout(this._quiet);
    if (!action) {
      const seconds = problem ? 12 : 5;
      this._quiet = window.setTimeout(() => this.set({ notice: undefined }), 1000 * seconds);
    }
  }

  /** Let the user choose an item; undefined if the user cancels. */
  pick(
    title: string,
    items: readonly IPick[],
    at?: { x: number; y: number },
    search?: IPickRequest['search']
  ): Promise<IPick | undefined> {
    this._ui.picker?.done(undefined);
    return new Promise(resolve => {
      const done = (item: IPick | undefined) => {
        this.set({ picker: undefined });
        resolve(item);
      };
      this.set({ picker: { title, items, search, at, done } });
    });
  }

  /** The nodes that commands apply to: of a group, all that are in it. */
  get targets(): readonly string[] {
    return this.store.tree.inside(this.chosen).filter(id => this.doc.nodes.has(id));
  }

  /** The groups that commands apply to: those chosen, else those around the chosen cards. */
  get groups(): readonly string[] {
    return this.store.tree.groupsOf(this.chosen);
  }

  /** The nodes, comments and groups: the selection, else the card that has the keyboard focus. */
  get chosen(): readonly string[] {
    const { selected, focused } = this.store;
    if (selected.length || !focused) {
      return selected;
    }
    const card = document.activeElement?.closest<HTMLElement>('.react-flow__node');
    return card?.dataset.id === focused && this.stage?.contains(card) ? [focused] : [];
  }

  /** Select nothing; the keys stay on the canvas. */
  clearSelection(): void {
    this.store.focus(undefined);
    this.store.select([]);
    this.front?.focus({ preventScroll: true });
  }

  /** The state of a node in the newest run. Data is there from the start. */
  stateOf(id: string): TaskState | undefined {
    const { runs } = this;
    const isData = runs?.run && this.doc.nodes.get(id)?.get('type') === 'dataset';
    return isData ? 'succeeded' : runs?.stateOf(id);
  }

  /** The first node that failed in its newest run. */
  get failed(): string | undefined {
    return [...this.doc.nodes.keys()].find(id => this.stateOf(id) === 'failed');
  }

  /** Whether all of these nodes use the result of a run. */
  get isPinned(): boolean {
    const { targets } = this;
    return targets.length > 0 && targets.every(id => this.doc.nodes.get(id)?.has('pin'));
  }

  /** Whether all of these nodes are muted, or all that can be are bypassed. */
  hasMode(mode: 'muted' | 'bypassed'): boolean {
    const ids = nodesForMode(this.doc, this.targets, mode);
    return ids.length > 0 && ids.every(id => this.doc.nodes.get(id)?.get('mode') === mode);
  }

  /** Whether a run of the document is waiting or running. */
  get isLive(): boolean {
    return LIVE.has(this.runs?.run?.state ?? '');
  }

  /** Open or close the inspector, and keep the chosen node visible, with the keys on it. */
  showInspector(open: boolean): void {
    const [id] = this.targets;
    if (open && this.stage?.contains(document.activeElement)) {
      this.stage.focus({ preventScroll: true }); // a card out of the narrower view is drawn again
    }
    this.set({ inspector: open });
    if (open && id) {
      window.setTimeout(
        () => (this.stage === document.activeElement ? focusNode : reveal)(this, id),
        FITTED
      );
    }
  }

  /** Whether a click on a node opens the inspector: until the user has closed it. */
  get opensInspector(): boolean {
    return recall(this.path).inspector !== false;
  }

  dispose(): void {
    window.clearTimeout(this._quiet);
    this._updates.dispose();
    this._ui.picker?.done(undefined);
    this.services.steps?.chosen.disconnect(this._onStep, this);
    this.context.pathChanged.disconnect(this._onPath, this);
    this.context.saveState.disconnect(this._onSave, this);
    this.doc.changed.disconnect(this._onDocument, this);
    this.store.dispose();
    this.views.dispose();
    this.checker.dispose();
    this.runs?.dispose();
    Signal.clearData(this);
  }

  /**
   * Withdraw an offer that belongs to an earlier state. Keep the keys on the canvas when the focused
   * card is removed, for example by Undo.
   */
  private _onDocument(_: FlowDoc, { flow }: IFlowChange): void {
    if (this.ui.notice?.action && (flow?.nodes || flow?.edges)) {
      this.set({ notice: undefined });
    }
    const card = document.activeElement?.closest('.react-flow__node');
    if (card && this.stage?.contains(card)) {
      requestAnimationFrame(() => {
        if (!card.isConnected && document.activeElement === document.body) {
          this.stage?.focus({ preventScroll: true });
        }
      });
    }
  }

  private _onPath(): void {
    carry(this._place, this.path);
    this._place = this.path;
    this.checker.ask(0);
  }

  /** Give the document an id before it is saved. */
  private _onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'started' && !this.readOnly && this.doc.broken === undefined) {
      ensureId(this);
    }
  }

  private _onChecked({ copyOf }: Checker): void {
    if (copyOf && copyOf !== this._original) {
      this.say(
        this.trans.__(
          'This file is a copy of %1. It has separate runs, and gets a new ID when you save it.',
          copyOf
        )
      );
    }
    this._original = copyOf;
  }

  /** Check again when the server is back or a run has ended. */
  private _onRuns({ lost, run }: IRunStates): void {
    const { isLive } = this;
    if (run && run.id === this.ui.notice?.run && !isLive) {
      this.set({ notice: undefined });
    }
    const failed = this._isLive && !isLive ? this.failed : undefined;
    if (failed) {
      reveal(this, failed);
    }
    if ((this._isLost && !lost) || (this._isLive && !isLive)) {
      this.checker.ask(0);
    }
    this._isLost = !!lost;
    this._isLive = isLive;
  }

  /** The one selected node. */
  get step(): string | undefined {
    return this._step;
  }

  /** Report a single selected node as the chosen node; a drag changes no selection. */
  private _onSelection = (): void => {
    const { focused, selected, selectedEdges } = this.store;
    const chosen = JSON.stringify([focused, selected, selectedEdges]);
    if (chosen === this._chosen) {
      return;
    }
    this._chosen = chosen;
    this._selectionChanged.emit();
    const [card] = selected.length === 1 ? selected : [];
    const isInside = this._step !== undefined && this.store.shown(this._step) === card;
    const node = isInside ? this._step : this.doc.nodes.has(card) ? card : undefined;
    if (node !== this._step) {
      this._step = node;
      this.services.steps?.choose({ path: this.path, node });
    }
  };

  /** Select a node that was chosen in a run view; the focus stays there. */
  private _onStep(_: IChosenSteps, { path, node: chosen }: IChosenStep): void {
    const node = chosen?.split('.')[0]; // the card of a sub-workflow shows the nodes inside
    if (path === this.path && node && node !== this._step && this.doc.nodes.has(node)) {
      this._step = node;
      this.store.select([this.store.shown(node)]);
      reveal(this, node);
    }
  }

  private readonly _updates: ConnectionUpdates;
  private readonly _names = UUID.uuid4();
  private _isLost = false;
  private _isLive = false;
  private _arriving = false;
  private _original = '';
  private _place: string;
  private _step?: string;
  private _chosen?: string;
  private _selectionChanged = new Signal<this, void>(this);
  private _ui: ICanvasUi;
  private _uiChanged = new Signal<this, void>(this);
  private _quiet?: number;
}
