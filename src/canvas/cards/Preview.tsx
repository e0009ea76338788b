import { CSSProperties } from 'react';
import { useCanvas } from '../model/hooks';
import { INodePreview, ITableHead } from '../model/tokens';

interface IPreviewProps {
  preview: INodePreview;
  /** The height that it may have while the card is not selected. */
  room?: number;
}

/** The height of a row of a table. */
const ROW = 18;

/** What a node produced, in small: a picture, the head of a table, metrics, or a first line. */
export function Preview({ preview, room }: IPreviewProps): JSX.Element {
  const { picture, caption, metrics, model, table, text } = preview;
  return (
    <div
      className="nby-Node-preview"
      style={{ '--nby-room': room && `${room - (room % ROW)}px` } as CSSProperties}
    >
      {picture ? (
        <img className="nby-Node-picture" src={picture} alt="" loading="lazy" draggable={false} />
      ) : table ? (
        <TableHead table={table} name={caption} />
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

interface ITableHeadProps {
  table: ITableHead;
  name?: string;
  /** How many characters a row has. */
  width?: number;
}

/** At least this much of the last column is shown. */
const LEAST = 7;
/** Longer cells are cut. */
const LONGEST = 13;

/** The first rows of a table, with the columns that fit; below them its name and size. */
export function TableHead({ table, name, width = 31 }: ITableHeadProps): JSX.Element {
  const { trans } = useCanvas();
  let used = 0;
  const columns = table.columns.filter((column, place) => {
    const fits = used + LEAST <= width;
    const longest = Math.max(column.length, ...table.rows.map(row => row[place].length));
    used += Math.min(longest + 1, LONGEST);
    return fits;
  });
  return (
    <table className="nby-Head" aria-label={trans.__('First rows')}>
      <thead>
        <tr>
          {columns.map(column => (
            <th key={column}>{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, number) => (
          <tr key={number}>
            {row.slice(0, columns.length).map((cell, place) => (
              <td key={place}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
      <caption>{[name, table.size].filter(Boolean).join(' · ')}</caption>
    </table>
  );
}
