import { useCanvas } from '../model/hooks';
import { INodePreview, ITableHead } from '../model/tokens';

/** What a node produced, in small: a picture, the head of a table, metrics, or a first line. */
export function Preview({ preview }: { preview: INodePreview }): JSX.Element {
  const { picture, caption, metrics, model, table, text } = preview;
  return (
    <div className="nby-Node-preview">
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

/** The first rows of a table; below them its name and size. */
export function TableHead({ table, name }: { table: ITableHead; name?: string }): JSX.Element {
  const { trans } = useCanvas();
  return (
    <table className="nby-Head" aria-label={trans.__('First rows')}>
      <thead>
        <tr>
          {table.columns.map(column => (
            <th key={column}>{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, number) => (
          <tr key={number}>
            {row.map((cell, place) => (
              <td key={place}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
      <caption>{[name, table.size].filter(Boolean).join(' · ')}</caption>
    </table>
  );
}
