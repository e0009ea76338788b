import { ReactNode } from 'react';
import { RunComparison } from '../../../api/types';
import { LinkButton } from '../../../components/Button';
import { StateMark } from '../../../components/StateMark';
import { IComparedProps, titleOf } from './compared';

/** The least width of the column of a run, in letters. */
const LEAST = 18;

/** A row: its name, a cell for each run, and what belongs below it. */
export interface ISideRow {
  key: string;
  node?: string;
  name: string;
  cells: readonly ReactNode[];
  differs: boolean;
  action?: ReactNode;
  below?: ReactNode;
  id?: string;
}

interface ISectionProps extends IComparedProps {
  title: string;
  part: keyof RunComparison['equal'];
  /** The items that differ. */
  rows: readonly ISideRow[];
  /** What the runs lack if nothing is equal or different. */
  none?: string;
}

/** One section: a heading with the count of equal items, and a table with a column for each run. */
export function Section(props: ISectionProps): JSX.Element {
  const { title, part, rows, none, comparison } = props;
  const { trans } = props.services;
  const equal = comparison.equal[part];
  const difference = rows.length ? '' : (!equal && none) || trans.__('no differences');
  const counted = equal ? trans.__('%1 equal', equal) : '';
  return (
    <section className="nby-Comparison-section" aria-label={title}>
      <h3>
        {title}
        <span className="nby-Comparison-count">
          {[difference, counted].filter(Boolean).join(' · ')}
        </span>
      </h3>
      {!!rows.length && (
        <div className="nby-Comparison-box">
          <SideTable {...props} />
        </div>
      )}
    </section>
  );
}

function SideTable({ services, comparison, title, rows }: ISectionProps): JSX.Element {
  const { trans, commands } = services;
  const { labels } = comparison;
  return (
    <table
      className="nby-Table nby-Comparison-table"
      aria-label={title}
      style={{ minWidth: `${40 + LEAST * comparison.runs.length}ch` }}
    >
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          {comparison.runs.map(run => (
            <th key={run.id} scope="col">
              <LinkButton
                title={run.name || run.title}
                onClick={() => void commands.execute('nbyard:show-run', { id: run.id })}
              >
                {trans.__('Run %1', run.number)}
              </LinkButton>{' '}
              <StateMark state={run.state} trans={trans} />
            </th>
          ))}
          <th scope="col" className="nby-Comparison-action">
            <span className="nby-Sr">{trans.__('Actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <Row key={row.key} row={{ ...row, node: row.node && titleOf(row.node, labels) }} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row }: { row: ISideRow }): JSX.Element {
  const { id, node, name, cells, differs, action, below } = row;
  return (
    <>
      <tr id={id} tabIndex={id ? -1 : undefined} className={differs ? 'nby-mod-differs' : ''}>
        <th scope="row">
          {node && <span className="nby-Dim">{node} · </span>}
          {name}
        </th>
        {cells.map((cell, at) => (
          <td key={at}>{cell || <span className="nby-Dim">–</span>}</td>
        ))}
        <td className="nby-Comparison-action">{action}</td>
      </tr>
      {below && (
        <tr className="nby-Comparison-below">
          <td colSpan={cells.length + 2}>{below}</td>
        </tr>
      )}
    </>
  );
}
