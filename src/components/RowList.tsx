import {
  createContext,
  Fragment,
  KeyboardEvent,
  ReactNode,
  useCallback,
  useContext,
  useEffect,
  useId,
  useRef,
  useState
} from 'react';
import { Button } from './Button';
import { useDrawn } from './hooks/useDrawn';
import { isOwner, mayChange, roleOf } from './format/roles';

/** The head of a group of rows. */
export interface IRowHead {
  name: string;
  /** At the right of the name. */
  aside?: ReactNode;
}

export interface IRowListProps<T> {
  label: string;
  items: readonly T[];
  /** Heads above rows, by the ids of these rows. Keys go from row to row, across heads. */
  heads?: ReadonlyMap<string, IRowHead>;
  /** How many rows follow that are not among the items. */
  beyond?: number;
  /** The kind of the rows: context menus select `.nby-Row[data-noun="…"]`. */
  noun: string | ((item: T) => string);
  idOf: (item: T) => string;
  /** The name for type-ahead. */
  nameOf: (item: T) => string;
  render: (item: T) => ReactNode;
  /** Small buttons at the end of the row; the right arrow key reaches them. */
  actions?: (item: T) => ReactNode;
  selected?: string;
  /** The ids of rows that the user selected together; needs `onMark`. */
  marked?: ReadonlySet<string>;
  onMark?: (marked: ReadonlySet<string>) => void;
  /** Further keys, before type-ahead. */
  keys?: Readonly<Record<string, () => void>>;
  onOpen?: (item: T) => void;
  onSelect?: (item: T) => void;
  onDelete?: (item: T) => void;
  onRename?: (item: T) => void;
  onDragStart?: (item: T, event: React.DragEvent) => void;
}

/** How many rows long lists show at first, and the labels of the button for the others. */
export const Cut = createContext<
  { rows: number; more: (count: number) => string; fewer: string } | undefined
>(undefined);

/** A dragged row, as JSON of `{ noun, id }`. */
export const ROW_MIME = 'application/vnd.nbyard.row+json';

const TYPED = 700;

/**
 * A list as one tab stop: arrows, Home, End, type-ahead, Enter, Delete, F2. With `onMark`, Space
 * selects a row and goes to the next one; Shift with an arrow, Ctrl+click and Shift+click select
 * more rows besides the clicked one, Escape none.
 */
export function RowList<T>(props: IRowListProps<T>): JSX.Element {
  const { heads, idOf, selected } = props;
  const cut = useContext(Cut);
  const [isWhole, setWhole] = useState(false);
  // a button takes the place of at least two rows
  const more = cut && props.items.length > cut.rows + 1 ? props.items.length - cut.rows : 0;
  const items = more && !isWhole ? props.items.slice(0, -more) : props.items;
  const [active, setActive] = useState<string>();
  // a row that was clicked counts as selected, as in the file browser
  const [clicked, setClicked] = useState<string>();
  const drawn = useDrawn(items.length);
  const grid = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', at: 0 });
  const place = items.findIndex(item => idOf(item) === (active ?? selected));
  const last = useRef(0);
  const index = place < 0 ? Math.min(last.current, Math.max(0, items.length - 1)) : place;
  last.current = index; // when the row goes, the row in its place gets the focus

  useEffect(() => {
    setClicked(selected);
    // chosen elsewhere, such as the task that a run has reached, the row may be out of view
    if (selected) {
      const row = grid.current?.querySelector('[aria-selected="true"]');
      row?.scrollIntoView?.({ block: 'nearest' });
    }
  }, [selected]);

  const rowAt = (at: number) => grid.current?.querySelectorAll<HTMLElement>('.nby-Row')[at];
  const focus = (next: number) => {
    rowAt(next)?.focus();
  };
  const typeAhead = (key: string) => {
    const now = Date.now();
    const text = (now - typed.current.at < TYPED ? typed.current.text : '') + key.toLowerCase();
    typed.current = { text, at: now };
    const turn = items.map(
      (_, position) => (index + position + (text.length > 1 ? 0 : 1)) % items.length
    );
    const next = turn.find(at => props.nameOf(items[at]).toLowerCase().startsWith(text));
    if (next !== undefined) {
      focus(next);
    }
  };
  const { marked, onMark } = props;
  const mark = (id: string) => {
    const isFirst = !marked?.size && clicked !== id;
    const next = new Set(isFirst ? items.map(idOf).filter(rowId => rowId === clicked) : marked);
    if (!next.delete(id)) {
      next.add(id);
    }
    onMark!(next);
  };
  const markUpTo = (position: number) => {
    const [from, to] = [Math.min(index, position), Math.max(index, position)];
    onMark!(new Set([...(marked ?? []), ...items.slice(from, to + 1).map(idOf)]));
  };
  const markNone = () => {
    setClicked(undefined);
    onMark?.(new Set());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const row = rowAt(index);
    const inRow = event.target === row;
    if (event.ctrlKey || event.metaKey || event.altKey || (!inRow && event.key === 'Enter')) {
      return;
    }
    const step = (by: number) => {
      const next = Math.max(0, Math.min(items.length - 1, index + by));
      if (event.shiftKey && onMark) {
        markUpTo(next);
      }
      focus(next);
    };
    const moves: Record<string, () => void> = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Home: () => focus(0),
      End: () => focus(items.length - 1),
      ArrowRight: () => stepButton(row, 1),
      ArrowLeft: () => stepButton(row, -1),
      Enter: () => props.onOpen?.(items[index]),
      Delete: () => isOwner(items[index]) && props.onDelete?.(items[index]),
      F2: () => mayChange(items[index]) && props.onRename?.(items[index]),
      ...(marked?.size ? { Escape: markNone } : {}),
      ...(inRow ? props.keys : {})
    };
    const move = moves[event.key];
    if (move) {
      move();
    } else if (inRow && event.key.length === 1 && event.key !== ' ') {
      typeAhead(event.key);
    } else if (inRow && event.key === ' ' && onMark) {
      mark(idOf(items[index]));
      focus(Math.min(items.length - 1, index + 1));
    } else if (inRow && event.key === ' ') {
      props.onSelect?.(items[index]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  // the focused row is gone: its neighbour gets the focus
  const held = useRef(false);
  useEffect(() => {
    if (held.current && grid.current && !grid.current.contains(document.activeElement)) {
      focus(index);
    }
  });
  const onFocus = useCallback(() => (held.current = true), []);

  const onClick = (event: React.MouseEvent, item: T, position: number) => {
    if (onMark && (event.ctrlKey || event.metaKey)) {
      mark(idOf(item));
    } else if (onMark && event.shiftKey) {
      markUpTo(position);
    } else {
      if (marked?.size) {
        markNone();
      }
      setClicked(idOf(item));
      props.onSelect?.(item);
    }
  };
  const isSelected = (id: string) =>
    marked?.size ? marked.has(id) : id === selected || (!!onMark && id === clicked);

  const labels = useId();
  let label: string | undefined; // the id of the name above a row
  let above = 1;
  return (
    <>
      <div
        ref={grid}
        className="nby-RowList"
        role="grid"
        aria-multiselectable={onMark ? true : undefined}
        aria-label={props.label}
        aria-rowcount={items.length + (heads?.size ?? 0)}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onBlur={event => {
          if (event.relatedTarget && !grid.current?.contains(event.relatedTarget)) {
            held.current = false;
          }
        }}
      >
        {items.slice(0, drawn).map((item, position) => {
          const id = idOf(item);
          const actions = props.actions?.(item);
          const head = heads?.get(id);
          const noun = typeof props.noun === 'function' ? props.noun(item) : props.noun;
          if (head) {
            label = labels + id;
          }
          return (
            <Fragment key={id}>
              {head && (
                <div className="nby-RowList-head" role="row" aria-rowindex={position + above++}>
                  <div role="rowheader">
                    <h3 id={label}>{head.name}</h3>
                    {head.aside}
                  </div>
                </div>
              )}
              <div
                className="nby-Row"
                role="row"
                data-noun={noun}
                data-id={id}
                data-role={roleOf(item)}
                aria-selected={isSelected(id)}
                aria-rowindex={position + above}
                aria-describedby={label}
                tabIndex={position === index ? 0 : -1}
                draggable
                onDragStart={event => {
                  event.dataTransfer.setData(ROW_MIME, JSON.stringify({ noun, id }));
                  props.onDragStart?.(item, event);
                }}
                onMouseDown={event => {
                  if (onMark && event.shiftKey) {
                    event.preventDefault(); // the range begins at the row with the focus
                  }
                }}
                onFocus={() => setActive(id)}
                onClick={event => onClick(event, item, position)}
                onDoubleClick={() => props.onOpen?.(item)}
              >
                <div role="gridcell" className="nby-Row-cell">
                  {props.render(item)}
                </div>
                {actions && (
                  <div
                    role="gridcell"
                    className="nby-Row-actions"
                    draggable
                    onDragStart={keepStill}
                  >
                    {actions}
                  </div>
                )}
              </div>
            </Fragment>
          );
        })}
      </div>
      {!!more && (
        <p className="nby-Note nby-RowList-more">
          <Button aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? cut!.fewer : cut!.more(more + (props.beyond ?? 0))}
          </Button>
        </p>
      )}
    </>
  );
}

/** Treat a press on a button as a click even if the pointer moves; do not drag the row. */
function keepStill(event: React.DragEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

function stepButton(row: HTMLElement | undefined, step: number): void {
  const stops = [row, ...(row?.querySelectorAll<HTMLElement>('button, a[href]') ?? [])];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  stops[Math.min(stops.length - 1, Math.max(0, at + step))]?.focus();
}
