import { TranslationBundle } from '@jupyterlab/translation';
import { useCallback, useState } from 'react';
import { Button } from '../Button';
import { DataTable, ITablePage } from './DataTable';

/** The sheet of an Excel file, and the first visible column. */
export interface ITablePart {
  sheet?: string;
  column_offset?: number;
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
  trans: TranslationBundle;
}

/** The server sends at most this many columns at once. */
const COLUMNS = 500;

/** Choose a sheet and page through the columns; nothing if everything is shown. */
export function TablePartChoice({
  shown,
  onChange,
  trans
}: ITablePartChoiceProps): JSX.Element | null {
  const { sheet, sheets = [], column_offset: start = 0, column_count: count = 0 } = shown;
  const end = start + shown.columns.length;
  const isWide = count > shown.columns.length;
  if (sheets.length < 2 && !isWide) {
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

/** A table of any length and width, with a choice of sheet and columns. */
export function PartedTable({ label, load, trans }: IPartedTableProps): JSX.Element {
  const [part, setPart] = useState<ITablePart>({});
  const [shown, setShown] = useState<IShownPart>();
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
      {shown && <TablePartChoice shown={shown} onChange={setPart} trans={trans} />}
      <DataTable label={label} load={loadPart} trans={trans} />
    </>
  );
}
