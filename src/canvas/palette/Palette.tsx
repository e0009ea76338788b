import { PathExt } from '@jupyterlab/coreutils';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { REF_MIME } from '../../document/dragTypes';
import { KindIcon } from '../cards/KindIcon';
import { addThing, isExecutable } from '../model/editing';
import { isTable, kindOf, useFilesBeside } from './folderFiles';
import { useCanvas } from '../model/hooks';
import { IPaletteRow } from '../model/tokens';

const SHOWN = 200;

/** The palette on the left: datasets and executables, to drag or to add with Enter. */
export function Palette({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { trans, services } = canvas;
  const { palette } = services;
  const known = useSignal(palette?.changed, () => palette?.rows ?? NONE);
  const files = useFilesBeside(canvas);
  const state = useSignal(palette?.changed, () => palette?.state ?? 'failed');
  const [held] = useState(() => new Set<string>());
  const [isRepeated] = useState(showsFiles);
  const [text, setText] = useState('');
  const query = useDeferredValue(text);
  const rows = useMemo(
    () => inPlace(files, known, state === 'ready' ? held : new Set()),
    [files, known, state, held]
  );
  useEffect(() => void palette?.refresh(), [palette]);
  const matches = useMemo(() => {
    const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
    return rows.filter(row => {
      const all =
        `${row.name} ${row.path ?? ''} ${row.kind ?? ''} ${row.detail ?? ''}`.toLowerCase();
      return terms.every(word => all.includes(word));
    });
  }, [rows, query]);
  return (
    <div className="nby-Palette" role="region" aria-label={trans.__('Datasets and executables')}>
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={trans.__('Search datasets and executables')}
        placeholder={trans.__('Search')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      {state === 'loading' && <p className="nby-Palette-note">{trans.__('Loading…')}</p>}
      {state === 'failed' && (
        <p className="nby-Palette-note">
          {palette?.problem ?? trans.__('The nbyard server is not reachable.')}{' '}
          {trans.__('You can still drag files onto the canvas.')}
        </p>
      )}
      {state === 'ready' && !rows.length && (
        <p className="nby-Palette-note">
          {trans.__(
            'No datasets or executables yet. Drag files from the file browser onto the canvas.'
          )}
        </p>
      )}
      {rows.length > 0 && !matches.length && (
        <p className="nby-Palette-note" role="status">
          {trans.__('No matches.')}
        </p>
      )}
      <Group title={trans.__('Datasets')} rows={matches} type="dataset" readOnly={readOnly} />
      <Group
        title={trans.__('Files in this folder')}
        rows={matches}
        type="file"
        isOpen={!isRepeated || !!query || matches.every(({ isFile }) => isFile)}
        readOnly={readOnly}
      />
      <Group title={trans.__('Executables')} rows={matches} type="executable" readOnly={readOnly} />
    </div>
  );
}

const NONE: readonly IPaletteRow[] = [];

/** Return whether the file browser is shown: then the files here are folded beside other rows. */
function showsFiles(): boolean {
  const browsers = document.querySelectorAll<HTMLElement>('.jp-FileBrowser');
  return [...browsers].some(({ offsetParent }) => offsetParent);
}

/** Return code and tables in the workflow's folder that no row shows yet. */
function unregistered(
  files: readonly string[],
  rows: readonly IPaletteRow[]
): readonly IPaletteRow[] {
  const known = new Set(rows.flatMap(({ path, name }) => [path, name]));
  const isNew = (path: string) =>
    isTable(path)
      ? !known.has(path) && !known.has(PathExt.basename(path))
      : isExecutable(path) && !known.has(path);
  return files.filter(isNew).map(path => {
    const type = isTable(path) ? 'dataset' : 'executable';
    return { type, id: path, name: PathExt.basename(path), kind: kindOf(path), path, isFile: true };
  });
}

/**
 * Return the rows with files at their places: a file that becomes registered stays among the files
 * until the palette is opened again, so that no other row moves below the pointer.
 */
function inPlace(
  files: readonly string[],
  known: readonly IPaletteRow[],
  held: Set<string>
): readonly IPaletteRow[] {
  const names = new Set([...held].filter(isTable).map(path => PathExt.basename(path)));
  const others = known.filter(({ type, path, name }) =>
    path ? !held.has(path) : type !== 'dataset' || !names.has(name)
  );
  const beside = unregistered(files, others);
  beside.forEach(({ id }) => held.add(id));
  return [...others, ...beside];
}

interface IGroupProps {
  title: string;
  rows: readonly IPaletteRow[];
  type: IPaletteRow['type'] | 'file';
  /** Whether the rows are shown, unless the user folds or unfolds them. */
  isOpen?: boolean;
  readOnly: boolean;
}

function Group(props: IGroupProps): JSX.Element | null {
  const { title, rows, type, isOpen = true, readOnly } = props;
  const canvas = useCanvas();
  const own = rows.filter(row => (row.isFile ? 'file' : row.type) === type);
  if (!own.length) {
    return null;
  }
  const more = own.length - SHOWN;
  return (
    <details open={isOpen} className="nby-Palette-group">
      <summary>
        {title} <span className="nby-Mark">{own.length}</span>
      </summary>
      <ul>
        {own.slice(0, SHOWN).map(row => (
          <li key={row.id}>
            <button
              type="button"
              className="nby-Palette-row"
              title={row.path ?? row.id}
              disabled={readOnly}
              draggable={!readOnly}
              onDragStart={event => {
                event.dataTransfer.setData(REF_MIME, JSON.stringify(row));
                event.dataTransfer.effectAllowed = 'copy';
              }}
              onClick={() => void addThing(canvas, row)}
            >
              <Row row={row} />
            </button>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p className="nby-Palette-note">{canvas.trans.__('%1 more. Search to find them.', more)}</p>
      )}
    </details>
  );
}

function Row({ row }: { row: IPaletteRow }): JSX.Element {
  return (
    <>
      <KindIcon kind={row.kind ?? row.type} />
      <span className="nby-Palette-name">{row.name}</span>
      {row.detail && (
        <span className="nby-Palette-detail">
          <bdi>{row.detail}</bdi>
        </span>
      )}
    </>
  );
}
