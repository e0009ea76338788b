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
  state: IPaletteSource['state'] = 'loading';
  problem?: string;
  more = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  async refresh(): Promise<void> {
    await Promise.all([this.yard.datasets.start(), this.yard.executables.start()]);
  }

  async search(text: string): Promise<readonly IPaletteRow[]> {
    return (await import('./paletteRows')).searchRows(this.yard, text, this.trans);
  }

  private async _renew(): Promise<void> {
    const { contentOf } = await import('./paletteRows');
    Object.assign(this, contentOf(this.yard, this.trans));
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
}
