import { useCallback, useMemo, useRef, useState } from 'react';
import { isLive } from '../../api/types';
import { StateMark, stateText } from '../../components/StateMark';
import { showSeconds, useNow } from '../../components/times';
import { chartOf, IBar, Phase, ticks } from '../gantt';
import { useServices } from './hooks';
import { IStepProps } from './Steps';

const ROW = 26;
const LABELS = 170;
/** At the right of the longest bar, for how long it took. */
const ROOM = 70;
const LEAST = 480;
const AXIS = 20;
const KEYS = [
  'queued',
  'preparing',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'critical'
] as const;

/** When each step waited, started and worked, as bars; the same as a table on request. */
export function Gantt({ detail, step, onStep }: IStepProps): JSX.Element {
  const { trans } = useServices();
  const [table, setTable] = useState(false);
  const now = useNow(isLive(detail.run));
  const chart = useMemo(() => chartOf(detail, now), [detail, now]);
  const shown = new Set(
    chart.bars.flatMap(bar => [
      ...bar.segments.map(({ phase }) => colour(bar, phase)),
      ...(bar.critical && bar.segments.some(({ phase }) => phase === 'running') ? ['critical'] : [])
    ])
  );
  return (
    <div className="nby-Gantt">
      <div className="nby-Gantt-legend">
        {KEYS.filter(key => shown.has(key)).map(key => (
          <span key={key} className={`nby-Gantt-key nby-mod-${key}`}>
            {key === 'critical' ? trans.__('made it this long') : stateText(key, trans)}
          </span>
        ))}
        <button
          type="button"
          className="nby-Button"
          aria-pressed={table}
          onClick={() => setTable(!table)}
        >
          {trans.__('As table')}
        </button>
      </div>
      {table ? (
        <GanttTable bars={chart.bars} />
      ) : (
        <Picture bars={chart.bars} seconds={chart.seconds} step={step} onStep={onStep} />
      )}
    </div>
  );
}

/** Work that ended has the colour of its end. */
function colour(bar: IBar, phase: Phase): (typeof KEYS)[number] {
  const { state } = bar;
  const ended = state === 'succeeded' || state === 'failed' || state === 'cancelled';
  return phase === 'running' && ended ? state : phase;
}

/** The width an element has, while it has it. */
function useWidth(): [(element: Element | null) => void, number] {
  const [width, setWidth] = useState(1000);
  const watch = useRef<ResizeObserver>();
  const ref = useCallback((element: Element | null) => {
    watch.current?.disconnect();
    if (element) {
      watch.current = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
      watch.current.observe(element);
    }
  }, []);
  return [ref, Math.max(LEAST, Math.floor(width))];
}

interface IPictureProps {
  bars: readonly IBar[];
  seconds: number;
  step: string | undefined;
  onStep: (node: string) => void;
}

function Picture({ bars, seconds, step, onStep }: IPictureProps): JSX.Element {
  const { trans } = useServices();
  const [ref, width] = useWidth();
  const x = (at: number) => LABELS + (at / seconds) * (width - LABELS - ROOM);
  const height = bars.length * ROW + AXIS;
  return (
    <svg
      ref={ref}
      className="nby-Gantt-picture"
      style={{ height, minWidth: LEAST }}
      role="group"
      aria-label={trans.__('Steps over time; the table says the same')}
    >
      {ticks(seconds).map(at => (
        <g key={at} className="nby-Gantt-tick" aria-hidden="true">
          <line x1={x(at)} x2={x(at)} y1={0} y2={height - AXIS} />
          <text x={x(at)} y={height - 6} textAnchor="middle">
            {at < 60 ? `${at} s` : showSeconds(at)}
          </text>
        </g>
      ))}
      {bars.map((bar, index) => (
        <Bar
          key={bar.node}
          bar={bar}
          x={x}
          y={index * ROW}
          chosen={bar.node === step}
          onStep={onStep}
        />
      ))}
    </svg>
  );
}

interface IBarProps {
  bar: IBar;
  x: (at: number) => number;
  y: number;
  chosen: boolean;
  onStep: (node: string) => void;
}

function Bar({ bar, x, y, chosen, onStep }: IBarProps): JSX.Element {
  const { trans } = useServices();
  const parts = phaseSeconds(bar);
  const state = stateText(bar.cached ? 'cached' : bar.state, trans);
  const words = [
    `${bar.label}: ${state}`,
    ...parts.map(([phase, seconds]) => `${stateText(phase, trans)} ${showSeconds(seconds)}`)
  ].join(', ');
  const end = bar.segments[bar.segments.length - 1];
  const running = parts.find(([phase]) => phase === 'running')?.[1];
  return (
    <g
      className={`nby-Gantt-bar nby-mod-${bar.state}${chosen ? ' nby-mod-chosen' : ''}`}
      role="button"
      tabIndex={0}
      aria-pressed={chosen}
      aria-label={words}
      onClick={() => onStep(bar.node)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          onStep(bar.node);
        }
      }}
    >
      <title>{words}</title>
      <rect className="nby-Gantt-hit" x={0} y={y} width="100%" height={ROW} />
      <text x={6} y={y + ROW / 2 + 4} className="nby-Gantt-label">
        {bar.label.length > 24 ? `${bar.label.slice(0, 23)}…` : bar.label}
      </text>
      {bar.segments.map(({ phase, from, to }) => (
        <rect
          key={phase}
          className={`nby-Gantt-segment nby-mod-${colour(bar, phase)}${bar.critical && phase === 'running' ? ' nby-mod-critical' : ''}`}
          x={x(from)}
          y={y + 5}
          width={Math.max(2, x(to) - x(from))}
          height={ROW - 10}
          rx={2}
        />
      ))}
      {end ? (
        <text x={x(end.to) + 6} y={y + ROW / 2 + 4} className="nby-Gantt-time">
          {bar.cached ? state : showSeconds(running)}
        </text>
      ) : (
        <text x={LABELS} y={y + ROW / 2 + 4} className="nby-Gantt-time">
          {state}
        </text>
      )}
    </g>
  );
}

function phaseSeconds(bar: IBar): [Phase, number][] {
  return bar.segments.map(({ phase, from, to }) => [phase, to - from]);
}

function GanttTable({ bars }: { bars: readonly IBar[] }): JSX.Element {
  const { trans } = useServices();
  const of = (bar: IBar, phase: Phase) =>
    showSeconds(phaseSeconds(bar).find(([name]) => name === phase)?.[1]);
  return (
    <table className="nby-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Step')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Began after')}</th>
          <th scope="col">{trans.__('Queued')}</th>
          <th scope="col">{trans.__('Preparing')}</th>
          <th scope="col">{trans.__('Running')}</th>
        </tr>
      </thead>
      <tbody>
        {bars.map(bar => (
          <tr key={bar.node}>
            <th scope="row">{bar.label}</th>
            <td>
              <StateMark state={bar.state} cached={bar.cached} trans={trans} />
            </td>
            <td>{showSeconds(bar.segments[0]?.from)}</td>
            <td>{of(bar, 'queued')}</td>
            <td>{of(bar, 'preparing')}</td>
            <td>{of(bar, 'running')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
