import { KeyboardEvent, MouseEvent, ReactNode, useEffect, useRef, useState } from 'react';
import { rowsOf, useRows } from '../hooks/useRows';
import { roleOf } from '../format/roles';
import { rowHeight } from './DataTable';

export interface IRowColumn<T> {
  key: string;
  label: string;
  /** In pixels; columns without a width share the rest. */
  width?: number;
  isNumber?: boolean;
  /** Rows are not sorted by it. */
  isUnsorted?: boolean;
  render: (row: T) => ReactNode;
  /** The whole content for the pointer, where it may be cut. */
  title?: (row: T) => string;
}

/** The column by which rows are sorted. */
export interface ISort {
  key: string;
  isDown: boolean;
}

interface IMarks<T> {
  /** The label of the box that marks a row; without a row, of the box that marks all. */
  label: (row?: T) => string;
  marked: ReadonlySet<string>;
  onMark: (marked: ReadonlySet<string>) => void;
}

interface IRowTableProps<T> {
  label: string;
  /** The kind of the rows: context menus select `[data-noun="…"][data-id]`. */
  noun: string;
  columns: readonly IRowColumn<T>[];
  /** In the order of the sort. */
  rows: readonly T[];
  /** There are further rows. */
  isPart: boolean;
  idOf: (row: T) => string;
  /** Without marks, rows have no boxes. */
  marks?: IMarks<T>;
  sort: ISort;
  onSort: (sort: ISort) => void;
  /** The row that is shown elsewhere. */
  selected?: string;
  /** The row that is highlighted elsewhere. */
  pointed?: string;
  /** The least height of rows, in pixels. */
  least?: number;
  /** Further keys, and what they do with the active row. */
  keys?: Readonly<Record<string, (row: T) => void>>;
  onOpen: (row: T) => void;
  /** The last rows come into view. */
  onEnd?: () => void;
}

const UNMARKED: ReadonlySet<string> = new Set();
/** The width of the column with the boxes, and the least of those that share the rest. */
const BOX = 34;
const LEAST = 130;
/** So many rows are drawn above and below those in view. */
const BEYOND = 12;
/** More height than that of rows of data: chips and buttons fit in. */
const ROOM = 4;
const JUMP = 15;

/**
 * A table of items that scrolls and sorts, and marks rows. The rows are one tab stop: arrows, Page
 * Up and Down, Home, End, Enter opens. Space marks, Shift with an arrow or a click marks a range,
 * Ctrl+A all rows, Escape none.
 */
export function RowTable<T>(props: IRowTableProps<T>): JSX.Element {
  const { columns, rows, idOf, marks, selected, isPart, sort, onEnd, least = 0 } = props;
  const { marked = UNMARKED, onMark } = marks ?? {};
  const box = useRef<HTMLDivElement>(null);
  const [usual] = useState(() => rowHeight() + ROOM);
  const height = Math.max(usual, least);
  const drawn = useRows(box, rows.length, height, BEYOND);
  const [active, setActive] = useState<string>();
  const place = rows.findIndex(row => idOf(row) === (active ?? selected));
  const last = useRef(0);
  const index = place < 0 ? Math.min(last.current, Math.max(0, rows.length - 1)) : place;
  last.current = index; // when the row goes, the row in its place gets the focus
  const goes = useRef(false);
  useEffect(() => {
    const row = box.current?.querySelector<HTMLElement>(`tr[aria-rowindex="${index + 2}"]`);
    if (!goes.current) {
      return;
    }
    if (row) {
      goes.current = false;
      row.focus({ preventScroll: true });
      row.scrollIntoView?.({ block: 'nearest' });
    } else {
      drawn.scrollTo(index, 'center');
    }
  });
  const isAtEnd = isPart && drawn.end === rows.length;
  useEffect(() => {
    if (isAtEnd) {
      onEnd?.();
    }
  }, [isAtEnd, rows.length, onEnd]);

  const idsBetween = (a: number, b: number) =>
    rows.slice(Math.min(a, b), Math.max(a, b) + 1).map(idOf);
  const toggle = (id: string) => {
    const next = new Set(marked);
    if (!next.delete(id)) {
      next.add(id);
    }
    onMark?.(next);
  };
  const go = (to: number, isRange = false) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    if (isRange) {
      onMark?.(new Set([...marked, ...idsBetween(index, next)]));
    }
    goes.current = true;
    setActive(idOf(rows[next]));
  };
  const all = () => onMark?.(new Set(rows.map(idOf)));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const isRow = (event.target as HTMLElement).matches('tr, .nby-RowTable');
    const isAll = event.key === 'a' && (event.ctrlKey || event.metaKey);
    if (!isRow || !rows.length || event.altKey || ((event.ctrlKey || event.metaKey) && !isAll)) {
      return;
    }
    const moves: Record<string, (row: T) => void> = {
      ArrowDown: () => go(index + 1, event.shiftKey),
      ArrowUp: () => go(index - 1, event.shiftKey),
      PageDown: () => go(index + JUMP),
      PageUp: () => go(index - JUMP),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      Enter: () => props.onOpen(rows[index]),
      ...(marks && {
        ' ': () => {
          toggle(idOf(rows[index]));
          go(index + 1);
        },
        Escape: () => onMark?.(new Set())
      }),
      ...(isAll && marks ? { a: all } : props.keys)
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      event.stopPropagation();
      move(rows[index]);
    }
  };
  const onClick = (event: MouseEvent, row: T, at: number) => {
    const id = idOf(row);
    if (event.shiftKey) {
      onMark?.(new Set([...marked, ...idsBetween(index, at)]));
    } else if (event.ctrlKey || event.metaKey) {
      toggle(id);
    }
    setActive(id);
  };
  const width = columns.reduce((sum, column) => sum + (column.width ?? LEAST), marks ? BOX : 0);
  const gap = (lines: number) =>
    lines > 0 && (
      <tr aria-hidden="true" className="nby-mod-gap">
        <td colSpan={columns.length + (marks ? 1 : 0)} style={{ height: lines * height }} />
      </tr>
    );
  return (
    <div ref={box} className="nby-RowTable" tabIndex={-1} onKeyDown={onKeyDown}>
      <table
        className="nby-Table"
        role="grid"
        aria-label={props.label}
        aria-multiselectable={marks ? true : undefined}
        aria-rowcount={isPart ? -1 : rows.length + 1}
        style={{ minWidth: width }}
      >
        <thead>
          <tr>
            {marks && (
              <th scope="col" style={{ width: BOX }}>
                <input
                  type="checkbox"
                  aria-label={marks.label()}
                  checked={!!rows.length && rows.every(row => marked.has(idOf(row)))}
                  onChange={event => (event.target.checked ? all() : marks.onMark(new Set()))}
                />
              </th>
            )}
            {columns.map(column => (
              <Head
                key={column.key}
                {...{ column, sort }}
                onSort={next => {
                  drawn.scrollTo(0, 'start');
                  props.onSort(next);
                }}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {gap(drawn.first)}
          {rowsOf(drawn).map(at => {
            const row = rows[at];
            const id = idOf(row);
            return (
              <tr
                key={id}
                data-noun={props.noun}
                data-id={id}
                data-role={roleOf(row)}
                style={{ height }}
                className={classOf(id === selected, id === props.pointed)}
                aria-rowindex={at + 2}
                aria-selected={marks ? marked.has(id) : id === selected}
                tabIndex={at === index ? 0 : -1}
                onFocus={() => setActive(id)}
                onMouseDown={event => event.shiftKey && event.preventDefault()}
                onClick={event => onClick(event, row, at)}
                onDoubleClick={() => props.onOpen(row)}
              >
                {marks && (
                  <td>
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={marks.label(row)}
                      checked={marked.has(id)}
                      onChange={() => toggle(id)}
                      onClick={event => event.stopPropagation()}
                    />
                  </td>
                )}
                {columns.map(({ key, isNumber, render, title }) => (
                  <td
                    key={key}
                    className={isNumber ? 'nby-mod-number' : undefined}
                    title={title?.(row)}
                  >
                    {render(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {gap(rows.length - drawn.end)}
        </tbody>
      </table>
    </div>
  );
}

function classOf(isShown: boolean, isPointed: boolean): string {
  return [isShown && 'nby-mod-shown', isPointed && 'nby-mod-pointed'].filter(Boolean).join(' ');
}

interface IHeadProps {
  column: IRowColumn<never>;
  sort: ISort;
  onSort: (sort: ISort) => void;
}

/** The head of a column: a click sorts by it, another one the other way. */
function Head({ column, sort, onSort }: IHeadProps): JSX.Element {
  const { key, label, width, isNumber, isUnsorted } = column;
  const isSorted = sort.key === key;
  const direction = sort.isDown ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      style={{ width }}
      className={isNumber ? 'nby-mod-number' : undefined}
      aria-sort={isUnsorted ? undefined : isSorted ? direction : 'none'}
    >
      {isUnsorted ? (
        label
      ) : (
        <button
          type="button"
          title={label}
          onClick={() => onSort({ key, isDown: isSorted ? !sort.isDown : !!isNumber })}
        >
          {label}
          {isSorted && <span aria-hidden="true">{sort.isDown ? ' ↓' : ' ↑'}</span>}
        </button>
      )}
    </th>
  );
}
