/** Small pictures of what a column holds; each has its numbers as a table for who cannot see it. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ColumnProfile } from '../../api/types';

type Histogram = NonNullable<ColumnProfile['histogram']>;
type Top = NonNullable<ColumnProfile['top']>;

const WIDTH = 240;
const HEIGHT = 70;
const ROW = 16;

/** A number as people read it; other things as they are. */
export function showNumber(value: unknown): string {
  if (typeof value === 'number') {
    if (Number.isInteger(value)) {
      // a year is no amount
      return value.toLocaleString(undefined, { useGrouping: Math.abs(value) >= 10_000 });
    }
    const size = Math.abs(value);
    return size >= 1e6 || size < 1e-3
      ? value.toExponential(2)
      : value.toLocaleString(undefined, { maximumSignificantDigits: 5 });
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface IHistogramProps {
  histogram: Histogram;
  name: string;
  trans: TranslationBundle;
}

export function HistogramPicture({ histogram, name, trans }: IHistogramProps): JSX.Element {
  const { counts, edges } = histogram;
  const most = Math.max(1, ...counts);
  const width = WIDTH / Math.max(1, counts.length);
  const range = (index: number) => `${showNumber(edges[index])} – ${showNumber(edges[index + 1])}`;
  return (
    <figure className="nby-Picture">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {counts.map((count, index) => {
          const height = count ? Math.max(1.5, (count / most) * HEIGHT) : 0;
          return (
            <g key={index}>
              <title>{`${range(index)}: ${count.toLocaleString()}`}</title>
              <rect className="nby-Picture-space" x={index * width} width={width} height={HEIGHT} />
              <rect
                className="nby-Picture-bar"
                x={index * width + 0.5}
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
        <span>{showNumber(edges[0])}</span>
        <span>{showNumber(edges[edges.length - 1])}</span>
      </figcaption>
      <Numbers
        caption={trans.__('Histogram of %1', name)}
        heads={[trans.__('Range'), trans.__('Count')]}
        rows={counts.map((count, index) => [range(index), count.toLocaleString()])}
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
  const most = Math.max(1, ...shown.map(({ count: number }) => number));
  const words = (value: unknown) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return text === '' ? trans.__('(empty)') : text;
  };
  return (
    <figure className="nby-Picture">
      <svg viewBox={`0 0 ${WIDTH} ${shown.length * ROW}`} aria-hidden="true">
        {shown.map(({ value, count: number }, index) => {
          const text = words(value);
          return (
            <g key={index}>
              <title>{`${text}: ${number.toLocaleString()}`}</title>
              <rect
                className="nby-Picture-bar nby-mod-soft"
                y={index * ROW + 1}
                width={Math.max(1, (number / most) * WIDTH)}
                height={ROW - 2}
              />
              <text x="4" y={index * ROW + 12}>
                {text.length > 24 ? `${text.slice(0, 23)}…` : text}
              </text>
              <text x={WIDTH - 4} y={index * ROW + 12} textAnchor="end">
                {count ? `${Math.round((100 * number) / count)} %` : ''}
              </text>
            </g>
          );
        })}
      </svg>
      <Numbers
        caption={trans.__('Most frequent values of %1', name)}
        heads={[trans.__('Value'), trans.__('Count')]}
        rows={top.map(({ value, count: number }) => [words(value), number.toLocaleString()])}
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
    <table className="nby-Sr">
      <caption>{caption}</caption>
      <thead>
        <tr>
          {heads.map(head => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            {row.map((text, at) => (
              <td key={at}>{text}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
