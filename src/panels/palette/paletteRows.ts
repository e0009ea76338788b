/** Datasets and executables as rows that can be dragged onto a canvas. */
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { belowRoot } from '../../api/paths';
import { Dataset, Executable } from '../../api/types';
import { IPaletteRow } from '../../canvas/model/tokens';
import { showBytes } from '../../components/format/bytes';

/**
 * Return whether a dataset can be a node. A failed first import has no data; after a failed later
 * version the previous one stays in use.
 */
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
    detail: [current.format, size].filter(Boolean).join(' · '),
    ports: { type: 'dataset', format: current.format }
  };
}

/** Return the file of an executable, if its name differs. */
export function placeOf({ name, path }: Executable): string {
  const below = belowRoot(path) ?? '';
  return below.replace(/\.\w+$/, '') === name ? '' : below;
}

/** Return the names of files, without suffix, that belong to several executables. */
export function sharedNames(executables: readonly Executable[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(
    executables.map(stemOf).filter(stem => stem && (seen.has(stem) || !seen.add(stem)))
  );
}

function stemOf({ path }: Executable): string {
  return PathExt.basename(path, PathExt.extname(path));
}

/** Return a row; one of several executables with the same file name shows the path. */
export function executableRow(
  executable: Executable,
  trans: TranslationBundle,
  shared: ReadonlySet<string> = new Set()
): IPaletteRow {
  const { id, name, path, current } = executable;
  const count = (role: string) =>
    current.arguments.filter(argument => argument.role === role).length;
  const place = shared.has(stemOf(executable)) ? (belowRoot(path) ?? path) : placeOf(executable);
  const row: IPaletteRow = {
    type: 'executable',
    id,
    name,
    kind: current.kind,
    detail: [trans.__('%1 in, %2 out', count('input'), count('output')), place]
      .filter(Boolean)
      .join(' · '),
    // a changed file may have other ports
    ports: executable.changed ? undefined : { type: 'executable', arguments: current.arguments }
  };
  const below = belowRoot(path);
  return below ? { ...row, path: below } : row;
}
