/** Uploads under way, as rows that show how far they are. */
import { ISignal, Signal } from '@lumino/signaling';
import { ApiError } from '../../api/client';
import { uploadFile } from '../../api/upload';
import { Dataset } from '../../api/types';
import { IYard } from '../../api/yard';

export interface IUploadRow {
  id: number;
  name: string;
  done: number;
  total: number;
  problem?: string;
  /** The name is taken: send it as a new version of what has it. */
  replace?: () => void;
  cancel: () => void;
}

export class Uploads {
  rows: readonly IUploadRow[] = [];

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Send a file, then make it a dataset, or a version of the dataset of that name. */
  async add(yard: IYard, file: File, name = ''): Promise<Dataset | undefined> {
    const control = new AbortController();
    const id = ++this._last;
    const cancel = () => control.abort();
    const row = { id, name: file.name, done: 0, total: file.size, cancel };
    this._set([row, ...this.rows]);
    try {
      const upload = await uploadFile(yard.client, file, {
        signal: control.signal,
        onProgress: done => this._patch(id, { done })
      });
      const made = await yard.client.call('datasets.create', {
        body: { source: { kind: 'upload', upload }, name: name || undefined, replace: !!name }
      });
      yard.datasets.put(made);
      this.dismiss(id);
      return made;
    } catch (error) {
      if (control.signal.aborted) {
        this.dismiss(id);
      } else {
        const dismiss = () => this.dismiss(id);
        const taken = error instanceof ApiError && error.code === 'name-taken' && !name;
        const replace = () => {
          dismiss();
          void this.add(yard, file, file.name);
        };
        this._patch(id, {
          problem: (error as Error).message,
          cancel: dismiss,
          replace: taken ? replace : undefined
        });
      }
      return undefined;
    }
  }

  dismiss(id: number): void {
    this._set(this.rows.filter(row => row.id !== id));
  }

  private _patch(id: number, change: Partial<IUploadRow>): void {
    this._set(this.rows.map(row => (row.id === id ? { ...row, ...change } : row)));
  }

  private _set(rows: readonly IUploadRow[]): void {
    this.rows = rows;
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _last = 0;
}

export const uploads = new Uploads();

/** Let the user choose files of their computer; nothing when they do not. */
export function chooseFiles(multiple: boolean): Promise<File[]> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = multiple;
    input.addEventListener('change', () => resolve([...(input.files ?? [])]));
    input.addEventListener('cancel', () => resolve([]));
    input.click();
  });
}
