import { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { Reason, reasonText } from '../../reasons';
import { rowsOf, useRows } from '../hooks/useRows';
import { Refusal, Waiting } from '../text/messages';

export interface ITableColumn {
  name: string;
  type: string;
}

export interface ITablePage {
  columns: readonly ITableColumn[];
  offset: number;
  total: number | null;
  rows: readonly (readonly unknown[])[];
  warnings?: readonly Reason[];
}

interface IDataTableProps {
  label: string;
  /** Must be the same function while the same table is shown. */
  load: (offset: number, limit: number) => Promise<ITablePage>;
  /** The column by which all rows are sorted, after + or -. */
  sort?: string;
  /** Called with '' for the order of the file. */
  onSort: (sort: string) => void;
  /** Show only the columns whose name contains this text. */
  find?: string;
  trans: TranslationBundle;
}

const PAGE = 100;
const NUMBERS = new Set(['int', 'float', 'decimal', 'duration']);

/** A table of any length; pages load on scrolling. */
export function DataTable(props: IDataTableProps): JSX.Element {
  const { label, load, sort, onSort, find = '', trans } = props;
  const table = usePages(load);
  const box = useRef<HTMLDivElement>(null);
  const { columns, total, count } = table;
  const [height] = useState(rowHeight);
  const rows = useRows(box, count, height, 12);
  const { first, end } = rows;
  const last = Math.max(first, end - 1);
  const { want } = table;
  useEffect(() => want(first, last), [want, first, last]);

  useEffect(() => {
    if (box.current) {
      box.current.scrollTop = 0; // other rows come first
    }
  }, [sort]);

  if (!columns) {
    return <Waiting problem={table.problem}>{trans.__('Reading…')}</Waiting>;
  }
  const shown = columns.flatMap(({ name }, at) => (hasText(name, find) ? [at] : []));
  const above = first * height;
  const below = (count - end) * height;
  return (
    <div className="nby-DataTable">
      {table.warnings
        .map(warning => reasonText(warning, trans))
        .map(warning => (
          <p key={warning} className="nby-Warning">
            {warning}
          </p>
        ))}
      <Refusal>{table.problem}</Refusal>
      <div ref={box} className="nby-DataTable-box" tabIndex={0} role="region" aria-label={label}>
        <table className="nby-Table nby-mod-data" aria-rowcount={total ?? -1}>
          <thead>
            <tr>
              <th scope="col" className="nby-DataTable-index">
                <span className="nby-Sr">{trans.__('Row')}</span>
              </th>
              {shown.map(at => (
                <Head key={at} column={columns[at]} {...{ sort, onSort, trans }} />
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <Gap height={above} columns={shown.length} />}
            {rowsOf(rows).map(index => (
              <Row
                key={index}
                index={index}
                height={height}
                values={table.row(index)}
                columns={columns}
                shown={shown}
                trans={trans}
              />
            ))}
            {below > 0 && <Gap height={below} columns={shown.length} />}
          </tbody>
        </table>
      </div>
      <p className="nby-Dim" role="status">
        {total === null
          ? trans._n('%1 column', '%1 columns', columns.length)
          : total === 1
            ? trans._n('1 row × %1 column', '1 row × %1 columns', columns.length)
            : trans.__('%1 rows × %2 columns', total.toLocaleString(), columns.length)}
        {shown.length < columns.length && ` · ${trans.__('%1 shown', shown.length)}`}
        {sort && ` · ${trans.__('all rows sorted by %1', sort.slice(1))}`}
      </p>
    </div>
  );
}

/** Whether a name contains a text, in any case. */
export function hasText(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase());
}

interface IHeadProps extends Pick<IDataTableProps, 'sort' | 'onSort' | 'trans'> {
  column: ITableColumn;
}

/** The head of a column: a click sorts all rows by it, the next one reverses their order. */
function Head({ column: { name, type }, sort, onSort, trans }: IHeadProps): JSX.Element {
  const isUp = sort === `+${name}`;
  const isDown = sort === `-${name}`;
  const Caret = isUp ? caretUpIcon : caretDownIcon;
  return (
    <th scope="col" aria-sort={isUp ? 'ascending' : isDown ? 'descending' : undefined}>
      <button
        type="button"
        className="nby-DataTable-sort"
        title={
          isDown
            ? trans.__('Show the rows in the order of the file')
            : trans.__('Sort all rows by %1', name)
        }
        onClick={() => onSort(isDown ? '' : `${isUp ? '-' : '+'}${name}`)}
      >
        {name} <span className="nby-DataTable-type">{type}</span>
        {(isUp || isDown) && <Caret.react tag="span" className="nby-Icon" />}
      </button>
    </th>
  );
}

function Gap({ height, columns }: { height: number; columns: number }): JSX.Element {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns + 1} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

interface IRowProps {
  index: number;
  height: number;
  values: readonly unknown[] | undefined;
  columns: readonly ITableColumn[];
  /** The places of the columns that are shown. */
  shown: readonly number[];
  trans: TranslationBundle;
}

function Row({ index, height, values, columns, shown, trans }: IRowProps): JSX.Element {
  return (
    <tr style={{ height }} aria-rowindex={index + 2}>
      <th scope="row" className="nby-DataTable-index">
        {index + 1}
      </th>
      {shown.map(at => {
        const value = values?.[at];
        const missing = values !== undefined && value === null;
        return (
          <td
            key={at}
            className={NUMBERS.has(columns[at].type) ? 'nby-mod-number' : undefined}
            title={typeof value === 'string' && value.length > 30 ? value : undefined}
          >
            {missing ? (
              <span className="nby-DataTable-null">{trans.__('missing')}</span>
            ) : (
              text(value)
            )}
          </td>
        );
      })}
    </tr>
  );
}

function text(value: unknown): string {
  if (value === undefined) {
    return '…';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface IPages {
  columns?: readonly ITableColumn[];
  total: number | null;
  count: number;
  warnings: readonly Reason[];
  problem?: string;
  row: (index: number) => readonly unknown[] | undefined;
  want: (first: number, last: number) => void;
}

function usePages(load: IDataTableProps['load']): IPages {
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const [problem, setProblem] = useState<string>();
  const state = useRef(fresh(load));
  if (state.current.load !== load) {
    // until the answer, the head stays, which may have the focus
    const { first, count } = state.current;
    state.current = { ...fresh(load), first, count };
  }
  const want = useCallback(
    (first: number, last: number) => {
      const table = state.current;
      for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
        if (table.pages.has(page) || table.asked.has(page)) {
          continue;
        }
        table.asked.add(page);
        load(page * PAGE, PAGE)
          .then(answer => {
            setProblem(undefined);
            table.first = table.pages.size ? table.first : answer;
            table.pages.set(page, answer);
            const end = answer.offset + answer.rows.length;
            const more = answer.rows.length === PAGE ? PAGE : 0;
            table.count = answer.total ?? Math.max(table.count, end + more);
            draw();
          })
          .catch((error: Error) => {
            table.asked.delete(page);
            setProblem(error.message);
          });
      }
    },
    [load]
  );
  useEffect(() => want(0, 0), [want]);
  const table = state.current;
  return {
    columns: table.first?.columns,
    total: table.first ? table.first.total : null,
    count: table.count,
    warnings: table.first?.warnings ?? [],
    problem,
    row: index => table.pages.get(Math.floor(index / PAGE))?.rows[index % PAGE],
    want
  };
}

function fresh(load: IDataTableProps['load']) {
  return {
    load,
    pages: new Map<number, ITablePage>(),
    asked: new Set<number>(),
    first: undefined as ITablePage | undefined,
    count: 0
  };
}

/** The height of a row, in units of the font size. */
const LINES = 24 / 13;
/** JupyterLab's own font size, for pages without its theme. */
const USUAL = 13;

/** Return the height of a row in pixels: it follows the font size of JupyterLab's interface. */
export function rowHeight(): number {
  const style = getComputedStyle(document.documentElement);
  const size = parseFloat(style.getPropertyValue('--jp-ui-font-size1'));
  return Math.round((size || USUAL) * LINES);
}
