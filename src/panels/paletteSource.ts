/** Datasets and executables as rows that can be dragged onto a canvas. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import { belowRoot } from '../api/paths';
import { Dataset, Executable } from '../api/types';
import { IYard } from '../api/yard';
import { IPaletteRow, IPaletteSource } from '../canvas/tokens';
import { showBytes } from '../components/bytes';

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

  private _renew(): void {
    const { datasets, executables } = this.yard;
    const states = [datasets.state, executables.state];
    this.rows = [
      ...datasets.items.filter(isUsable).map(datasetRow),
      ...executables.items.map(item => executableRow(item, this.trans))
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

/** Whether it may be a node. An import that failed gives nothing; a version that did leaves the one
 * before in use. */
export function isUsable({ current }: Dataset): boolean {
  return current.state !== 'failed' || current.number > 1;
}

export function datasetRow(dataset: Dataset): IPaletteRow {
  const { id, name, current } = dataset;
  const size = current.size_bytes ? showBytes(current.size_bytes) : '';
  return {
    type: 'dataset',
    id,
    name,
    kind: 'dataset',
    detail: [current.format, size].filter(Boolean).join(' · ')
  };
}

/** The file of an executable, where its name does not tell it. */
export function placeOf({ name, path }: Executable): string {
  const below = belowRoot(path) ?? '';
  return below.replace(/\.\w+$/, '') === name ? '' : below;
}

export function executableRow(executable: Executable, trans: TranslationBundle): IPaletteRow {
  const { id, name, path, current } = executable;
  const count = (role: string) =>
    current.arguments.filter(argument => argument.role === role).length;
  const row: IPaletteRow = {
    type: 'executable',
    id,
    name,
    kind: current.kind,
    detail: [trans.__('%1 in, %2 out', count('input'), count('output')), placeOf(executable)]
      .filter(Boolean)
      .join(' · ')
  };
  const below = belowRoot(path);
  return below ? { ...row, path: below } : row;
}
