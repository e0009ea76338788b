/** Small charts of a column, each with its numbers as a table for screen readers. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ColumnProfile } from '../../api/types';
import { Table } from '../../components/table/Table';

type Histogram = NonNullable<ColumnProfile['histogram']>;
type Top = NonNullable<ColumnProfile['top']>;

const WIDTH = 240;
const HEIGHT = 70;
const ROW = 16;

const LARGE = 1e9;
const DIGITS = 4;

/** Format a number without grouping: a year is not an amount, and 4050 may stand by 4201.8. */
export function showNumber(value: unknown): string {
  if (typeof value === 'number') {
    const size = Math.abs(value);
    if (!Number.isInteger(value) && (size >= LARGE || size < 1e-3)) {
      return value.toExponential(2);
    }
    // decimals for five digits, and all digits before the point
    const decimals = size < 1 ? DIGITS + 1 : Math.max(0, DIGITS - Math.floor(Math.log10(size)));
    return value.toLocaleString(undefined, { useGrouping: false, maximumFractionDigits: decimals });
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface IHistogramProps {
  histogram: Histogram;
  /** The smallest and the largest value. */
  min?: unknown;
  max?: unknown;
  name: string;
  trans: TranslationBundle;
}

export function HistogramPicture(props: IHistogramProps): JSX.Element {
  const { histogram, min, max, name, trans } = props;
  const { counts, edges } = histogram;
  // bins of whole numbers begin half before the first; the last bin may have fewer of them
  const whole = Number.isInteger(min) && Number(min) - Number(edges[0]) === 0.5;
  const span = (index: number) => (whole ? Number(edges[index]) - Number(edges[0]) : index);
  const unit = WIDTH / Math.max(1, span(counts.length));
  const heights = counts.map((count, index) => count / (span(index + 1) - span(index)));
  const most = Math.max(...heights);
  const range = (index: number) => {
    let [from, to] = [edges[index], edges[index + 1]];
    if (whole) {
      // 2006.5 to 2007.5 contains 2007
      [from, to] = [Math.ceil(Number(from)), Math.floor(Number(to))];
    }
    return from === to ? showNumber(from) : `${showNumber(from)} – ${showNumber(to)}`;
  };
  return (
    <figure className="nby-Picture">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {counts.map((count, index) => {
          const height = count ? Math.max(1.5, (heights[index] / most) * HEIGHT) : 0;
          const x = span(index) * unit;
          const width = span(index + 1) * unit - x;
          return (
            <g key={index}>
              <title>{`${range(index)}: ${showNumber(count)}`}</title>
              <rect className="nby-Picture-space" x={x} width={width} height={HEIGHT} />
              <rect
                className="nby-Picture-bar"
                x={x + 0.5}
                y={HEIGHT - height}
                width={Math.max(0.5, width - 1)}
                height={height}
              />
            </g>
          );
        })}
        <line className="nby-Picture-axis" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      </svg>
      <figcaption className="nby-Picture-ends" aria-hidden="true">
        <span>{showNumber(min ?? edges[0])}</span>
        <span>{showNumber(max ?? edges[edges.length - 1])}</span>
      </figcaption>
      <Numbers
        caption={trans.__('Histogram of %1', name)}
        heads={[trans.__('Range'), trans.__('Count')]}
        rows={counts.map((count, index) => [range(index), showNumber(count)])}
      />
    </figure>
  );
}

interface ITopProps {
  top: Top;
  count: number;
  name: string;
  trans: TranslationBundle;
}

export function TopPicture({ top, count, name, trans }: ITopProps): JSX.Element {
  const shown = top.slice(0, 5);
  const percent = (number: number) => {
    const share = (100 * number) / count;
    return share < 0.5 ? trans.__('< 1 %') : `${Math.round(share)} %`;
  };
  const labelOf = (value: unknown) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return text === '' ? trans.__('(empty)') : text;
  };
  return (
    <figure className="nby-Picture">
      <svg viewBox={`0 0 ${WIDTH} ${shown.length * ROW}`} aria-hidden="true">
        {shown.map(({ value, count: number }, index) => {
          const text = labelOf(value);
          return (
            <g key={index}>
              <title>{`${text}: ${showNumber(number)}`}</title>
              <rect
                className="nby-Picture-bar nby-mod-soft"
                y={index * ROW + 1}
                width={Math.max(1, (number / Math.max(1, count)) * WIDTH)}
                height={ROW - 2}
              />
              <text x="4" y={index * ROW + 12}>
                {text.length > 24 ? `${text.slice(0, 23)}…` : text}
              </text>
              <text x={WIDTH - 4} y={index * ROW + 12} textAnchor="end">
                {count ? percent(number) : ''}
              </text>
            </g>
          );
        })}
      </svg>
      <Numbers
        caption={trans.__('Most frequent values of %1', name)}
        heads={[trans.__('Value'), trans.__('Count')]}
        rows={top.map(({ value, count: number }) => [labelOf(value), showNumber(number)])}
      />
    </figure>
  );
}

interface INumbersProps {
  caption: string;
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}

function Numbers({ caption, heads, rows }: INumbersProps): JSX.Element {
  return (
    <Table className="nby-Sr" caption={caption} heads={heads}>
      {rows.map((row, index) => (
        <tr key={index}>
          {row.map((text, at) => (
            <td key={at}>{text}</td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
