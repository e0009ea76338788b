import { createContext, ReactNode, useContext, useId } from 'react';
import { RunComparison } from '../../../api/types';
import { LinkButton } from '../../../components/Button';
import { StateMark } from '../../../components/StateMark';
import { showNumber } from '../../../runs/model/metrics';
import { IComparedProps, titleOf } from './compared';
import { bestOf, deltaText } from './numbers';

/** The least width of the column of a run, in letters. */
const LEAST = 16;
/** The columns beside those of the runs: name, difference, actions. */
const OTHERS = 3;

/** How many columns the table has. */
const Columns = createContext(OTHERS);

/** A row: its name, a cell for each run, and what belongs below it. */
export interface ISideRow {
  key: string;
  node?: string;
  name: string;
  cells: readonly ReactNode[];
  differs: boolean;
  /** The values, if they are numbers: the last is compared with the first. */
  numbers?: readonly unknown[];
  /** How a difference is shown. */
  show?: (value: number) => string;
  /** One of the numbers may be the best. */
  isMetric?: boolean;
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

interface ISideTableProps extends IComparedProps {
  /** The sections. */
  children: ReactNode;
}

/** One table for all sections, with a column for each run and one for the difference. */
export function SideTable({ services, comparison, children }: ISideTableProps): JSX.Element {
  const { trans, commands } = services;
  const { runs } = comparison;
  const [first, last] = [runs[0], runs[runs.length - 1]];
  return (
    <table
      className="nby-Table nby-Comparison-table"
      aria-label={trans.__('Compared runs')}
      style={{ minWidth: `${60 + LEAST * runs.length}ch` }}
    >
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          {runs.map(run => (
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
          <th
            scope="col"
            className="nby-Comparison-delta"
            title={trans.__('Run %1 minus run %2', last.number, first.number)}
          >
            {trans.__('Δ %1 → %2', first.number, last.number)}
          </th>
          <th scope="col" className="nby-Comparison-action">
            <span className="nby-Sr">{trans.__('Actions')}</span>
          </th>
        </tr>
      </thead>
      <Columns.Provider value={runs.length + OTHERS}>{children}</Columns.Provider>
    </table>
  );
}

/** One section: a row with the title and the count of equal items, and a row for each item. */
export function Section(props: ISectionProps): JSX.Element {
  const { title, part, rows, none, comparison, services } = props;
  const { trans } = services;
  const heading = useId();
  const columns = useContext(Columns);
  const equal = comparison.equal[part];
  const difference = rows.length ? '' : (!equal && none) || trans.__('no differences');
  const counted = equal ? trans.__('%1 equal', equal) : '';
  return (
    <tbody aria-labelledby={heading}>
      <tr className="nby-Comparison-group">
        <th scope="rowgroup" colSpan={columns}>
          <h3 id={heading}>{title}</h3>
          <span className="nby-Comparison-count">
            {[difference, counted].filter(Boolean).join(' · ')}
          </span>
        </th>
      </tr>
      {rows.map(row => (
        <Row key={row.key} {...{ row, comparison, services }} />
      ))}
    </tbody>
  );
}

/** A row over all columns. */
export function WideRow({ children }: { children: ReactNode }): JSX.Element {
  return (
    <tr className="nby-Comparison-below">
      <td colSpan={useContext(Columns)}>{children}</td>
    </tr>
  );
}

function Row({ row, comparison, services }: IComparedProps & { row: ISideRow }): JSX.Element {
  const { id, node, name, cells, differs, action, below, numbers = [], show = showNumber } = row;
  const { trans } = services;
  const best = row.isMetric ? bestOf(name, numbers) : undefined;
  return (
    <>
      <tr id={id} tabIndex={id ? -1 : undefined} className={differs ? 'nby-mod-differs' : ''}>
        <th scope="row">
          {node && <span className="nby-Dim">{titleOf(node, comparison.labels)} · </span>}
          {name}
        </th>
        {cells.map((cell, at) => (
          <td key={at}>
            {best !== undefined && numbers[at] === best ? (
              <strong title={trans.__('The best value, judged by the name of the metric')}>
                {cell}
              </strong>
            ) : (
              cell || <span className="nby-Dim">–</span>
            )}
          </td>
        ))}
        <td className="nby-Comparison-delta">{deltaText(numbers, show)}</td>
        <td className="nby-Comparison-action">{action}</td>
      </tr>
      {below && <WideRow>{below}</WideRow>}
    </>
  );
}
