/** Datasets and executables as rows that can be dragged onto a canvas. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { Collection } from '../../api/collection';
import { belowRoot } from '../../api/paths';
import { Dataset, Executable } from '../../api/types';
import type { IYard } from '../../api/yard';
import { IPaletteRow, IPaletteSource } from '../../canvas/model/tokens';
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
  const { format, origin, source } = current;
  const size = current.size_bytes ? showBytes(current.size_bytes) : '';
  return {
    ...{ type: 'dataset', id, name, kind: 'dataset' },
    detail: [format, size].filter(Boolean).join(' · '),
    folder: origin === 'file' ? folderOf(source) : undefined,
    ports: { type: 'dataset', format }
  };
}

/** Return the folder of a file, from the server's root where it is below. */
function folderOf(path: string): string | undefined {
  return path ? (belowRoot(path) ?? path).replace(/\/?[^/]*$/, '') : undefined;
}

/** Return the folder of an executable, or its file if its name differs. */
export function placeOf({ name, path }: Executable): string {
  const below = belowRoot(path) ?? '';
  return `/${below}`.replace(/\.\w+$/, '').endsWith(`/${name}`) ? folderOf(below)! : below;
}

export function executableRow(executable: Executable, trans: TranslationBundle): IPaletteRow {
  const { id, name, path, current, revision } = executable;
  const count = (role: string) =>
    current.arguments.filter(argument => argument.role === role).length;
  return {
    ...{ type: 'executable', id, name, kind: current.kind },
    path: belowRoot(path),
    folder: folderOf(path),
    byRun: !revision,
    detail: trans.__('%1 in, %2 out', count('input'), count('output')),
    mark: current.not_reproducible ? trans.__('not reproducible') : undefined,
    // a changed file may have other ports
    ports: executable.changed ? undefined : { type: 'executable', arguments: current.arguments }
  };
}

type Yard = Pick<IYard, 'datasets' | 'executables'>;

/** Return the known rows, and how far they are loaded. */
export function contentOf(
  { datasets, executables }: Yard,
  trans: TranslationBundle
): Pick<IPaletteSource, 'rows' | 'state' | 'problem' | 'more'> {
  const states = [datasets.state, executables.state];
  return {
    rows: rowsOf(datasets.items, executables.items, trans),
    state: states.includes('failed')
      ? 'failed'
      : states.every(state => state === 'ready')
        ? 'ready'
        : 'loading',
    problem: datasets.problem ?? executables.problem,
    more: datasets.more || executables.more
  };
}

function rowsOf(
  datasets: readonly Dataset[],
  executables: readonly Executable[],
  trans: TranslationBundle
): readonly IPaletteRow[] {
  return [
    ...datasets.filter(isUsable).map(datasetRow),
    ...executables.map(item => executableRow(item, trans))
  ];
}

/** Return the rows that a server has beyond those known, with one of the words in their names. */
export async function searchRows(
  { datasets, executables }: Yard,
  text: string,
  trans: TranslationBundle
): Promise<readonly IPaletteRow[]> {
  // names of executables have no suffix
  const stems = text.split(/\s+/).map(word => word.replace(/(.)\.\w*$/, '$1'));
  const find = <T extends { id: string }>(of: Collection<T>) =>
    Promise.all(of.more ? [...new Set(stems)].map(word => of.search(word)) : []);
  const [data, code] = await Promise.all([find(datasets), find(executables)]);
  return rowsOf(data.flat(), code.flat(), trans);
}
