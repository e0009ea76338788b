/** The items that can be dragged onto a canvas, updated by events. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import { IYard } from '../../api/yard';
import { IPaletteRow, IPaletteSource } from '../../canvas/model/tokens';

export class PaletteSource implements IPaletteSource {
  constructor(
    private readonly yard: IYard,
    private readonly trans: TranslationBundle
  ) {
    yard.datasets.changed.connect(this._renew, this);
    yard.executables.changed.connect(this._renew, this);
  }

  rows: readonly IPaletteRow[] = [];
  state: 'loading' | 'ready' | 'failed' = 'loading';
  problem?: string;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async refresh(): Promise<void> {
    await Promise.all([this.yard.datasets.start(), this.yard.executables.start()]);
  }

  private async _renew(): Promise<void> {
    const { datasetRow, executableRow, isUsable, sharedNames } = await import('./paletteRows');
    const { datasets, executables } = this.yard;
    const states = [datasets.state, executables.state];
    const shared = sharedNames(executables.items);
    this.rows = [
      ...datasets.items.filter(isUsable).map(datasetRow),
      ...executables.items.map(item => executableRow(item, this.trans, shared))
    ];
    this.problem = datasets.problem ?? executables.problem;
    this.state = states.includes('failed')
      ? 'failed'
      : states.every(state => state === 'ready')
        ? 'ready'
        : 'loading';
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
}
