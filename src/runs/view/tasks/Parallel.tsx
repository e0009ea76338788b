import '../../../../style/parallel.css';
import { TranslationBundle } from '@jupyterlab/translation';
import { CSSProperties, MouseEvent, useMemo } from 'react';
import { axesOf, IAxis, lineOf, nearest } from './axes';
import { IBest, Metrics } from '../../model/maps/best';
import { ElementTask } from '../../model/maps/elements';
import { showNumber } from '../../model/metrics';
import { useWidth } from '../context/hooks';

const HEIGHT = 136;
const [TOP, BOTTOM, SIDE, LEAST] = [26, 10, 56, 320];
/** Lines are drawn in so many groups, one for each shade, because there may be thousands. */
const SHADES = 6;
/** The pointer is on a line up to this distance, in pixels. */
const NEAR = 12;

interface IParallelProps {
  list: readonly ElementTask[];
  metrics: Metrics;
  names: readonly string[];
  comparison: IBest;
  best: ElementTask | undefined;
  /** The node whose line is highlighted. */
  pointed: string | undefined;
  label: string;
  trans: TranslationBundle;
  onPoint: (node: string | undefined) => void;
  onOpen: (node: string) => void;
}

/** One line for each element over its parameters and metrics; better ones have more colour. */
export default function Parallel(props: IParallelProps): JSX.Element {
  const { list, metrics, names, comparison, best, pointed, label, trans } = props;
  const [ref, width] = useWidth(LEAST);
  const axes = useMemo(() => axesOf(list, metrics, names), [list, metrics, names]);
  const { metric, isHighest } = comparison;
  const step = (width - 2 * SIDE) / Math.max(1, axes.length - 1);
  const x = (axis: number) => SIDE + axis * step;
  const lines = useMemo(() => {
    const groups = Array.from({ length: SHADES + 1 }, () => '');
    const places = axes.find(({ name, isMetric }) => isMetric && name === metric)?.places ?? [];
    list.forEach((_, index) => {
      const place = places[index];
      const good = place === undefined ? -1 : isHighest ? place : 1 - place;
      const group = good < 0 ? 0 : 1 + Math.min(SHADES - 1, Math.floor(good * SHADES));
      groups[group] += lineOf(axes, index, x, y);
    });
    return groups;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `x` depends on these
  }, [axes, list, metric, isHighest, step]);
  const line = (node: string | undefined, name: string) => {
    const index = list.findIndex(task => task.node === node);
    return index >= 0 && <path className={name} d={lineOf(axes, index, x, y)} />;
  };
  const taskAt = ({ clientX, clientY, currentTarget }: MouseEvent) => {
    const box = currentTarget.getBoundingClientRect();
    const along = (clientX - box.left - SIDE) / step;
    const at = Math.max(0, Math.min(axes.length - 2, Math.floor(along)));
    const place = (HEIGHT - BOTTOM - (clientY - box.top)) / (HEIGHT - TOP - BOTTOM);
    const { index, distance } = nearest(axes, { at, part: along - at, place });
    return distance * (HEIGHT - TOP - BOTTOM) <= NEAR ? list[index] : undefined;
  };
  const shown = list.find(({ node }) => node === (pointed ?? best?.node));
  return (
    <figure className="nby-Parallel">
      <svg
        ref={ref}
        role="img"
        aria-label={trans.__('Parallel coordinates: %1', label)}
        style={{ height: HEIGHT, minWidth: LEAST }}
        className={pointed ? 'nby-mod-pointed' : undefined}
        onMouseMove={event => props.onPoint(taskAt(event)?.node)}
        onMouseLeave={() => props.onPoint(undefined)}
        onClick={event => {
          const task = taskAt(event);
          if (task) {
            props.onOpen(task.node);
          }
        }}
      >
        {lines.map((d, group) => (
          <path
            key={group}
            className="nby-Parallel-lines"
            style={{ '--nby-good': `${(100 * group) / SHADES}%` } as CSSProperties}
            d={d}
          />
        ))}
        {line(best?.node, 'nby-Parallel-best')}
        {line(pointed, 'nby-Parallel-pointed')}
        {axes.map((axis, place) => (
          <Axis
            key={`${axis.isMetric} ${axis.name}`}
            axis={axis}
            x={x(place)}
            isLast={place === axes.length - 1}
          />
        ))}
      </svg>
      <figcaption>{shown && captionOf(shown, metrics, names)}</figcaption>
    </figure>
  );
}

const y = (place: number) => HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM);

function captionOf({ element }: ElementTask, metrics: Metrics, names: readonly string[]): string {
  const own = metrics.get(element.key) ?? {};
  const values = names.filter(name => name in own).map(name => `${name} ${showNumber(own[name])}`);
  return [element.label, ...values].join(' · ');
}

interface IAxisProps {
  axis: IAxis;
  x: number;
  isLast: boolean;
}

function Axis({ axis, x, isLast }: IAxisProps): JSX.Element {
  const beside = isLast ? { x: x + 5 } : ({ x: x - 5, textAnchor: 'end' } as const);
  return (
    <g className="nby-Parallel-axis">
      <line x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} />
      <text className="nby-Parallel-name" x={x} y={12} textAnchor="middle">
        {axis.name}
      </text>
      {axis.marks.map(({ at, text }) => (
        <text key={at} y={y(at) + 4} {...beside}>
          {text}
        </text>
      ))}
    </g>
  );
}
