import { ReactNode } from 'react';

interface ITableProps {
  heads: readonly ReactNode[];
  label?: string;
  caption?: string;
  className?: string;
  /** The rows. */
  children: ReactNode;
}

/** A table with a head for each column. */
export function Table(props: ITableProps): JSX.Element {
  const { heads, label, caption, className = 'nby-Table', children } = props;
  return (
    <table className={className} aria-label={label}>
      {caption && <caption>{caption}</caption>}
      <thead>
        <tr>
          {heads.map((head, place) => (
            <th key={place} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
