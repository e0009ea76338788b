import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { bestFirst, matching } from '../../components/format/matching';
import { useFound } from '../../components/hooks/useFound';
import { useSignal } from '../../components/hooks/useSignal';
import { REF_MIME } from '../../document/dragTypes';
import { KindIcon } from '../cards/KindIcon';
import { addThing } from '../model/editing';
import { useCanvas } from '../model/hooks';
import { IPaletteRow } from '../model/tokens';
import { useFilesBeside } from './folderFiles';
import { detailOf, groupsOf, isLikely, keyOf, textOf, unique, usedRows } from './paletteGroups';

const SHOWN = 200;
const NONE: readonly IPaletteRow[] = [];

/** The palette on the left: files, datasets and executables, to drag or to add with Enter. */
export function Palette({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { trans, services } = canvas;
  const { palette } = services;
  const [text, setText] = useState('');
  const query = useDeferredValue(text);
  const { own, used, rest, isEmpty } = useRows(query);
  const state = useSignal(palette?.changed, () => palette?.state ?? 'failed');
  const more = useSignal(palette?.changed, () => palette?.more);
  useEffect(() => void palette?.refresh(), [palette]);
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
      {state === 'ready' && isEmpty && (
        <p className="nby-Palette-note">
          {trans.__(
            'No datasets or executables yet. Drag files from the file browser onto the canvas.'
          )}
        </p>
      )}
      {!isEmpty && !own.length && !used.length && !rest.length && (
        <p className="nby-Palette-note" role="status">
          {trans.__('No matches.')}
        </p>
      )}
      <Group title={trans.__('Files in this folder')} rows={own} isOpen readOnly={readOnly} />
      <Group title={trans.__('Used in this folder')} rows={used} isOpen readOnly={readOnly} />
      <Group
        title={trans.__('Elsewhere')}
        rows={rest}
        isOpen={!!query}
        isPart={more && !query}
        readOnly={readOnly}
      />
    </div>
  );
}

/** Return the rows of each group that match a text, also those that only the server finds. */
function useRows(query: string) {
  const canvas = useCanvas();
  const { palette } = canvas.services;
  const known = useSignal(palette?.changed, () => palette?.rows ?? NONE);
  const files = useFilesBeside(canvas);
  // a row that the user adds stays at its place until the palette is opened again
  const [used, setUsed] = useState(NONE);
  useEffect(() => {
    void usedRows(canvas, files).then(setUsed);
  }, [canvas, files]);
  const search = useMemo(() => palette?.search.bind(palette), [palette]);
  const answered = useFound(search, query);
  const groups = useMemo(() => {
    return groupsOf(canvas.path, files, used, unique([...known, ...answered]));
  }, [canvas, files, used, known, answered]);
  return useMemo(() => {
    const matches = (rows: readonly IPaletteRow[]) =>
      bestFirst(matching(rows, query, textOf), query, ({ name }) => name);
    const own = groups.own.filter(isLikely);
    const { used: near, rest } = groups;
    return {
      own: matches(own),
      used: matches(near),
      rest: matches(rest),
      isEmpty: !own.length && !near.length && !rest.length
    };
  }, [groups, query]);
}

interface IGroupProps {
  title: string;
  rows: readonly IPaletteRow[];
  /** Whether the rows are shown, unless the user folds or unfolds them. */
  isOpen?: boolean;
  /** The server has more rows. */
  isPart?: boolean;
  readOnly: boolean;
}

function Group(props: IGroupProps): JSX.Element | null {
  const { title, rows, isOpen = false, isPart, readOnly } = props;
  const canvas = useCanvas();
  if (!rows.length) {
    return null;
  }
  const more = rows.length - SHOWN;
  return (
    <details open={isOpen} className="nby-Palette-group">
      <summary>
        {title}{' '}
        <span className="nby-Palette-count">
          {rows.length}
          {isPart && '+'}
        </span>
      </summary>
      <ul>
        {rows.slice(0, SHOWN).map(row => (
          <li key={keyOf(row)}>
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
  const detail = detailOf(row);
  return (
    <>
      <KindIcon kind={row.kind ?? row.type} />
      <span className="nby-Palette-name">{row.name}</span>
      {detail && (
        <span className="nby-Palette-detail">
          <bdi>{detail}</bdi>
        </span>
      )}
    </>
  );
}
