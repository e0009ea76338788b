import { Dialog, showDialog } from '@jupyterlab/apputils';
import { CSSProperties } from 'react';
import { showProblem } from '../../components/problems';
import { CanvasController } from '../model/controller';
import { useCanvas } from '../model/hooks';
import { INodePreview, ITableHead } from '../model/tokens';

interface IPreviewProps {
  /** The node, whose new columns come first. */
  id: string;
  preview: INodePreview;
  /** The height that it may have while the card is not selected. */
  room?: number;
}

/** The height of a row of a table. */
const ROW = 18;

/** What a node produced, in small: a picture, the head of a table, metrics, or a first line. */
export function Preview({ id, preview, room }: IPreviewProps): JSX.Element {
  const canvas = useCanvas();
  const { picture, caption, metrics, model, table, text } = preview;
  return (
    <div
      className="nby-Node-preview"
      style={{ '--nby-room': room && `${room - (room % ROW)}px` } as CSSProperties}
    >
      {picture ? (
        <button
          type="button"
          className="nby-Node-picture nopan"
          tabIndex={-1}
          title={canvas.trans.__('Enlarge')}
          aria-label={canvas.trans.__('Enlarge %1', caption ?? '')}
          onClick={() => void enlarge(canvas, preview)}
        >
          <img src={picture} alt="" loading="lazy" draggable={false} />
        </button>
      ) : table ? (
        <TableHead table={table} known={columnsBefore(canvas, id)} name={caption} />
      ) : (
        !metrics && !model && text && <code className="nby-Node-code">{text}</code>
      )}
      {caption && !table && <div className="nby-Node-caption">{caption}</div>}
      {(metrics || model) && (
        <div className="nby-Chips">
          {model && <span className="nby-Chip nby-mod-model">{model}</span>}
          {metrics?.map(({ name, value }) => (
            <span key={name} className="nby-Chip nby-mod-metric">
              {name} <b>{value}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/** Show the picture of a node in its own size. */
async function enlarge({ trans }: CanvasController, preview: INodePreview): Promise<void> {
  try {
    const url = URL.createObjectURL(await preview.enlarge!());
    await showDialog({
      title: preview.caption,
      body: <img className="nby-Enlarged" src={url} alt={preview.caption ?? ''} />,
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
    URL.revokeObjectURL(url);
  } catch (error) {
    await showProblem(trans.__('The picture cannot be shown.'), error, trans);
  }
}

/** Return the columns of the tables before a node, as far as all are known; else all may be old. */
function columnsBefore({ views }: CanvasController, id: string): Set<string> | undefined {
  const tables = views
    .arrowsInto(id)
    .flatMap(({ source }) => views.get(source)?.preview?.table ?? []);
  const isWhole = tables.every(({ columns, count = 0 }) => columns.length >= count);
  return tables.length && isWhole ? new Set(tables.flatMap(({ columns }) => columns)) : undefined;
}

interface ITableHeadProps {
  table: ITableHead;
  /** Columns that are not new. */
  known?: ReadonlySet<string>;
  name?: string;
  /** How many characters a row has. */
  width?: number;
}

/** At least this much of the last column is shown. */
const LEAST = 7;
/** Longer cells are cut. */
const LONGEST = 13;
/** Where text is large, and at most. */
const [FEW, MOST] = [2, 3];

/**
 * The first rows of a table, with the columns that fit, new ones first, and the number of the others;
 * below them its name and size.
 */
export function TableHead({ table, known, name, width = 31 }: ITableHeadProps): JSX.Element {
  const { trans } = useCanvas();
  const { columns, rows, count = columns.length } = table;
  const isOld = (column: string) => !known || known.has(column);
  const all = columns
    .map((column, place) => {
      const cells = rows.map(row => row[place]);
      const length = Math.max(column.length, ...cells.map(cell => cell.length));
      const isNumber = cells.every(cell => cell === '' || Number.isFinite(Number(cell)));
      return { column, cells, isNumber, size: Math.min(length + 1, LONGEST) };
    })
    .sort((left, right) => Number(isOld(left.column)) - Number(isOld(right.column)));
  let used = 0;
  const shown = all.filter(({ size }, place) => {
    const fits = place < FEW || (place < MOST && used + LEAST <= width);
    used += size;
    return fits;
  });
  const whole = shown.reduce((sum, { size }) => sum + size, 0);
  const classOf = ({ isNumber }: { isNumber: boolean }) =>
    isNumber ? 'nby-mod-number' : undefined;
  const rest = (few: number) => (count > few ? `+${count - few}` : '');
  return (
    <table className="nby-Head" aria-label={trans.__('First rows')}>
      <colgroup>
        {shown.map(({ column, size }) => (
          <col
            key={column}
            style={{ '--nby-column': `${(85 * size) / whole}%` } as CSSProperties}
          />
        ))}
        <col className="nby-Head-rest" />
      </colgroup>
      <thead>
        <tr>
          {shown.map(column => (
            <th key={column.column} className={classOf(column)}>
              {column.column}
            </th>
          ))}
          <th
            className="nby-Head-rest"
            aria-hidden="true"
            data-most={rest(shown.length)}
            data-few={rest(Math.min(FEW, shown.length))}
          />
        </tr>
      </thead>
      <tbody>
        {rows.map((_, number) => (
          <tr key={number}>
            {shown.map(column => (
              <td key={column.column} className={classOf(column)}>
                {column.cells[number]}
              </td>
            ))}
            <td className="nby-Head-rest" />
          </tr>
        ))}
      </tbody>
      <caption>{[name, table.size].filter(Boolean).join(' · ')}</caption>
    </table>
  );
}
