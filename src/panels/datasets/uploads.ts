/** Running uploads, as rows with their progress. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import { ApiError } from '../../api/client';
import { uploadFile } from '../../api/upload';
import { Dataset } from '../../api/types';
import { IYard } from '../../api/yard';
import { freeName, stemOf } from '../../components/format/freeName';
import { folderOf, isArchive } from './archives';
import { IFolder, tarOf } from './folders';
import { reasonText } from '../../reasons';

export interface IUploadRow {
  id: number;
  name: string;
  done: number;
  total: number;
  problem?: string;
  /** A dataset has this name: what to do with the uploaded bytes. */
  taken?: { version: () => void; both: () => void };
  /** The upload is an archive: how to store it. */
  archive?: { unpack: () => void; keep: () => void };
  /** Repeat the failed step. */
  again?: () => void;
  /** Missing when it is too late. */
  cancel?: () => void;
}

interface IKept {
  name?: string;
  replace?: boolean;
  unpack?: boolean;
}

const NOTHING = {
  problem: undefined,
  taken: undefined,
  archive: undefined,
  again: undefined,
  cancel: undefined
};

export class Uploads {
  rows: readonly IUploadRow[] = [];

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when an upload became a dataset or a version. */
  get made(): ISignal<this, Dataset> {
    return this._made;
  }

  /** Send files one by one; each becomes a dataset, or a version of the one with its name. */
  add(yard: IYard, files: readonly File[], name = ''): Promise<void> {
    return this._add(yard, files, name ? { name, replace: true } : {});
  }

  /** Send a folder, which becomes one dataset. */
  addFolder(yard: IYard, folder: IFolder): Promise<void> {
    return this._add(yard, [tarOf(folder)], { name: folder.name, unpack: true });
  }

  private async _add(yard: IYard, files: readonly File[], as: IKept): Promise<void> {
    const rows = files.map(file => {
      const id = ++this._last;
      const cancel = () => this._dismiss(id);
      const name = as.unpack && as.name ? as.name : file.name;
      return { file, row: { id, name, done: 0, total: file.size, cancel } };
    });
    this._set([...rows.map(({ row }) => row), ...this.rows]);
    for (const { file, row } of rows) {
      await this._send(yard, row.id, file, as);
    }
  }

  private async _send(yard: IYard, id: number, file: File, as: IKept): Promise<void> {
    if (!this.rows.some(row => row.id === id)) {
      return; // cancelled while others were sent
    }
    const control = new AbortController();
    this._patch(id, { problem: undefined, again: undefined, cancel: () => control.abort() });
    try {
      const upload = await uploadFile(yard.client, file, {
        signal: control.signal,
        onProgress: done => this._patch(id, { done })
      });
      const kept = { name: file.name, ...as };
      if (as.unpack || !isArchive(file.name)) {
        return await this._keep(yard, id, upload, kept);
      }
      const unpacked = { name: folderOf(file.name), ...as, unpack: true };
      this._patch(id, {
        archive: {
          unpack: () => void this._keep(yard, id, upload, unpacked),
          keep: () => void this._keep(yard, id, upload, kept)
        },
        cancel: () => this._forget(yard, id, upload)
      });
    } catch (error) {
      if (control.signal.aborted) {
        this._dismiss(id);
        return;
      }
      this._patch(id, {
        problem: (error as Error).message,
        again: () => void this._send(yard, id, file, as),
        cancel: () => this._dismiss(id)
      });
    }
  }

  /** Create a dataset from an upload; if the name is taken, the user decides. */
  private async _keep(yard: IYard, id: number, upload: string, as: IKept): Promise<void> {
    const keep = (how: IKept) => () => void this._keep(yard, id, upload, how);
    this._patch(id, { ...NOTHING, ...(as.name && { name: as.name }) });
    try {
      const source = { kind: 'upload' as const, upload };
      const made = await yard.client.call('datasets.create', { body: { source, ...as } });
      yard.datasets.put(made);
      this._dismiss(id);
      this._made.emit(made);
    } catch (error) {
      const isTaken = error instanceof ApiError && error.code === 'name-taken';
      const name = as.name ?? '';
      const taken = {
        version: keep({ ...as, replace: true }),
        both: keep({ ...as, name: freeName(name, yard.datasets.items) })
      };
      this._patch(id, {
        problem: (error as Error).message,
        ...(isTaken ? { taken } : { again: keep(as) }),
        cancel: () => this._forget(yard, id, upload)
      });
    }
  }

  /** Discard an upload; the server also deletes it by itself after a day. */
  private _forget({ client }: IYard, id: number, upload: string): void {
    this._dismiss(id);
    client.call('uploads.delete', { path: { upload } }).catch(() => undefined);
  }

  private _dismiss(id: number): void {
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
  private _made = new Signal<this, Dataset>(this);
}

export const uploads = new Uploads();

/** Create a dataset from a file and wait until it is ready; add a number to a taken name. */
export async function datasetOf(
  yard: IYard,
  file: File,
  onProgress: (done: number, total: number) => void,
  trans: TranslationBundle
): Promise<Dataset> {
  const upload = await uploadFile(yard.client, file, { onProgress });
  const create = (name: string) =>
    yard.client.call('datasets.create', { body: { source: { kind: 'upload', upload }, name } });
  const made = await create(file.name).catch(async error => {
    if (!(error instanceof ApiError && error.code === 'name-taken')) {
      throw error;
    }
    return create(freeName(file.name, await yard.datasets.search(stemOf(file.name))));
  });
  yard.datasets.put(made);
  return imported(yard, made.id, trans);
}

function imported({ datasets }: IYard, id: string, trans: TranslationBundle): Promise<Dataset> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const dataset = datasets.find(id);
      if (dataset?.current.state === 'importing') {
        return;
      }
      datasets.changed.disconnect(look);
      if (dataset?.current.state === 'ready') {
        resolve(dataset);
      } else {
        reject(new Error(reasonText(dataset?.current.reason, trans)));
      }
    };
    datasets.changed.connect(look);
    look();
  });
}
