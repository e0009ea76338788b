import { TranslationBundle } from '@jupyterlab/translation';
import { useCallback, useState } from 'react';
import { Button } from '../Button';
import { DataTable, ITablePage } from './DataTable';

/** The sheet of an Excel file, and the first visible column. */
export interface ITablePart {
  sheet?: string;
  column_offset?: number;
  /** The column by which all rows are sorted, after + or -. */
  sort?: string;
}

/** The part of a table that a response contains. */
export interface IShownPart {
  columns: readonly unknown[];
  column_offset?: number;
  column_count?: number;
  sheet?: string;
  sheets?: readonly string[];
}

interface ITablePartChoiceProps {
  shown: IShownPart;
  onChange: (part: ITablePart) => void;
  /** The text by which columns are found. */
  find: string;
  onFind: (text: string) => void;
  trans: TranslationBundle;
}

/** The server sends at most this many columns at once. */
const COLUMNS = 500;
/** So many columns are found at a glance. */
const FEW = 6;

/** Choose a sheet, find columns and page through them; nothing if everything is in sight. */
export function TablePartChoice(props: ITablePartChoiceProps): JSX.Element | null {
  const { shown, onChange, find, onFind, trans } = props;
  const { sheet, sheets = [], column_offset: start = 0, column_count: count = 0 } = shown;
  const end = start + shown.columns.length;
  const isWide = count > shown.columns.length;
  const hasMany = shown.columns.length > FEW;
  if (sheets.length < 2 && !isWide && !hasMany) {
    return null;
  }
  const go = (column_offset: number) => onChange({ sheet, column_offset });
  return (
    <div className="nby-Bar">
      {sheets.length > 1 && (
        <label>
          {trans.__('Sheet')}{' '}
          <select value={sheet} onChange={event => onChange({ sheet: event.target.value })}>
            {sheets.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {hasMany && (
        <input
          type="search"
          aria-label={isWide ? trans.__('Find among these columns') : trans.__('Find column')}
          placeholder={trans.__('Find column')}
          spellCheck={false}
          value={find}
          onChange={event => onFind(event.target.value)}
        />
      )}
      {isWide && (
        <>
          <span role="status">
            {trans.__(
              'Columns %1 to %2 of %3',
              (start + 1).toLocaleString(),
              end.toLocaleString(),
              count.toLocaleString()
            )}
          </span>
          <Button disabled={start === 0} onClick={() => go(Math.max(0, start - COLUMNS))}>
            {trans.__('Previous Columns')}
          </Button>
          <Button disabled={end >= count} onClick={() => go(end)}>
            {trans.__('Next Columns')}
          </Button>
        </>
      )}
    </div>
  );
}

interface IPartedTableProps {
  label: string;
  /** Must be the same function while the same table is shown. */
  load: (offset: number, limit: number, part: ITablePart) => Promise<ITablePage & IShownPart>;
  trans: TranslationBundle;
}

/** A table of any length and width, with a choice of sheet, columns and order. */
export function PartedTable({ label, load, trans }: IPartedTableProps): JSX.Element {
  const [part, setPart] = useState<ITablePart>({});
  const [shown, setShown] = useState<IShownPart>();
  const [find, setFind] = useState('');
  const { sheet, sort } = part;
  const loadPart = useCallback(
    async (offset: number, limit: number) => {
      const page = await load(offset, limit, part);
      setShown(page);
      return page;
    },
    [load, part]
  );
  return (
    <>
      {shown && (
        <TablePartChoice
          {...{ shown, find, trans }}
          // columns of another sheet have other names
          onChange={next => setPart(next.sheet === sheet ? { ...next, sort } : next)}
          onFind={setFind}
        />
      )}
      <DataTable
        {...{ label, sort, find, trans }}
        load={loadPart}
        onSort={next => setPart({ ...part, sort: next || undefined })}
      />
    </>
  );
}
