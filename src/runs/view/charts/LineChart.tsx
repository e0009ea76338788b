import '../../../../style/lines.css';
import { pathOf } from '../../model/usage';
import { useWidth } from '../context/hooks';

const LABELS = 80;
const ROOM = 30;
const HEIGHT = 110;
const AXIS = 18;
const TOP = 8;
const LEAST = 360;

interface ILineChartProps {
  id: string;
  name: string;
  /** The whole chart as text. */
  label: string;
  places: readonly number[];
  /** With gaps for missing values. */
  values: readonly (number | null)[];
  /** Axis values, ascending; the line lies between the first and the last of `marks`. */
  marks: readonly number[];
  ticks: readonly number[];
  start: number;
  end: number;
  show: (value: number) => string;
  showPlace: (place: number) => string;
}

/** One line with its axes. */
export function LineChart(props: ILineChartProps): JSX.Element {
  const { id, name, label, places, values, marks, ticks, start, end, show, showPlace } = props;
  const [ref, width] = useWidth(LEAST);
  const [bottom, top] = [marks[0], marks[marks.length - 1]];
  const x = (at: number) => LABELS + ((at - start) / (end - start)) * (width - LABELS - ROOM);
  const y = (value: number) =>
    TOP + (1 - (value - bottom) / (top - bottom)) * (HEIGHT - AXIS - TOP);
  return (
    <figure className="nby-Resources-line" data-series={id}>
      <figcaption>{name}</figcaption>
      <svg ref={ref} style={{ height: HEIGHT, minWidth: LEAST }} role="img" aria-label={label}>
        {marks.map(level => (
          <g key={level} className="nby-Resources-tick">
            <line x1={LABELS} x2={width - ROOM} y1={y(level)} y2={y(level)} />
            <text x={LABELS - 6} y={y(level) + 4} textAnchor="end">
              {show(level)}
            </text>
          </g>
        ))}
        {ticks.map(at => (
          <text key={at} x={x(at)} y={HEIGHT - 3} textAnchor="middle">
            {showPlace(at)}
          </text>
        ))}
        <path className="nby-Resources-path" d={pathOf(places, values, x, y)} />
      </svg>
    </figure>
  );
}
