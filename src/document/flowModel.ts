import { IChangedArgs } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { PartialJSONValue } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { CONTENT_TYPE, MODEL } from './fileType';
import { FlowDoc, IFlowChange } from './flowDoc';

/** The model of the document context: the shared document, and what JupyterLab needs. */
export class FlowModel implements DocumentRegistry.IModel {
  constructor(options: DocumentRegistry.IModelOptions<FlowDoc> = {}) {
    this.sharedModel = options.sharedModel ?? new FlowDoc();
    this.collaborative = !!options.collaborationEnabled;
    this.sharedModel.changed.connect(this._onChanged, this);
  }

  readonly sharedModel: FlowDoc;
  readonly collaborative: boolean;
  readonly defaultKernelName = '';
  readonly defaultKernelLanguage = '';

  /** The text last read or written: the base of a three-way merge. */
  base = '';

  get contentChanged(): ISignal<this, void> {
    return this._contentChanged;
  }

  get stateChanged(): ISignal<this, IChangedArgs<unknown>> {
    return this._stateChanged;
  }

  get dirty(): boolean {
    return this.sharedModel.dirty;
  }
  set dirty(value: boolean) {
    if (value !== this.dirty) {
      this.sharedModel.dirty = value;
    }
  }

  get readOnly(): boolean {
    return this._readOnly;
  }
  set readOnly(newValue: boolean) {
    const oldValue = this._readOnly;
    if (newValue !== oldValue) {
      this._readOnly = newValue;
      this._stateChanged.emit({ name: 'readOnly', oldValue, newValue });
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.sharedModel.changed.disconnect(this._onChanged, this);
      Signal.clearData(this);
    }
  }

  toString(): string {
    return this.sharedModel.getSource();
  }

  /** Load the text on disk (open, revert); the model is clean then. */
  fromString(text: string): void {
    this.sharedModel.setSource(text);
    this.base = text;
    this.dirty = false;
  }

  toJSON(): PartialJSONValue {
    return this.sharedModel.toJSON() as unknown as PartialJSONValue;
  }

  fromJSON(value: PartialJSONValue): void {
    this.fromString(JSON.stringify(value));
  }

  private _onChanged(_: FlowDoc, change: IFlowChange): void {
    if (change.flow) {
      this._contentChanged.emit();
    }
    for (const { name, oldValue, newValue } of change.stateChange ?? []) {
      if (oldValue !== newValue) {
        this._stateChanged.emit({ name, oldValue, newValue });
      }
    }
  }

  private _contentChanged = new Signal<this, void>(this);
  private _stateChanged = new Signal<this, IChangedArgs<unknown>>(this);
  private _isDisposed = false;
  private _readOnly = false;
}

export class FlowModelFactory implements DocumentRegistry.IModelFactory<FlowModel> {
  readonly name = MODEL;
  readonly contentType = CONTENT_TYPE;
  readonly fileFormat: Contents.FileFormat = 'text';
  readonly collaborative = true;

  createNew(options: DocumentRegistry.IModelOptions<FlowDoc> = {}): FlowModel {
    return new FlowModel(options);
  }

  preferredLanguage(): string {
    return '';
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
  }

  private _isDisposed = false;
}
