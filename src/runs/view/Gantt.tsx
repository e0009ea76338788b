import { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { isLive } from '../../api/types';
import { PortionBar, usePortion } from '../../components/Portion';
import { StateMark, stateText } from '../../components/StateMark';
import { showSeconds, useNow } from '../../components/times';
import { chartOf, IBar, ISegment, Phase, PHASES, ticks } from '../gantt';
import { useServices, useWidth } from './hooks';
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
  'starting',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'publishing',
  'critical'
] as const;

const nodeOf = ({ node }: IBar): string => node;

/** When each step waited, started and worked, as bars; the same as a table on request. */
export function Gantt({ detail, step, onStep }: IStepProps): JSX.Element {
  const { trans } = useServices();
  const [table, setTable] = useState(false);
  const now = useNow(isLive(detail.run));
  const chart = useMemo(() => chartOf(detail, now), [detail, now]);
  const portion = usePortion(chart.bars, nodeOf, step);
  const shown = new Set(
    chart.bars.flatMap(bar => [
      ...bar.segments.map(segment => colour(bar, segment)),
      ...(bar.critical && bar.segments.some(({ phase }) => phase === 'running') ? ['critical'] : [])
    ])
  );
  return (
    <div className="nby-Gantt">
      <div className="nby-Gantt-legend">
        {KEYS.filter(key => shown.has(key)).map(key => (
          <span key={key} className={`nby-Gantt-key nby-mod-${key}`}>
            {key === 'critical' ? trans.__('made it this long') : phaseText(key, trans)}
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
      <PortionBar portion={portion} trans={trans} />
      {table ? (
        <GanttTable bars={portion.items} />
      ) : (
        <Picture bars={portion.items} seconds={chart.seconds} step={step} onStep={onStep} />
      )}
    </div>
  );
}

/** Work that ended has the colour of its end. */
function colour(bar: IBar, { phase, ended }: ISegment): (typeof KEYS)[number] {
  const state = ended === 'lost' ? 'failed' : (ended ?? bar.state);
  const over = state === 'succeeded' || state === 'failed' || state === 'cancelled';
  return phase === 'running' && over ? state : phase;
}

function phaseText(phase: string, trans: TranslationBundle): string {
  return phase === 'publishing' ? trans.__('publishing') : stateText(phase, trans);
}

interface IPictureProps {
  bars: readonly IBar[];
  seconds: number;
  step: string | undefined;
  onStep: (node: string) => void;
}

function Picture({ bars, seconds, step, onStep }: IPictureProps): JSX.Element {
  const { trans } = useServices();
  const [ref, width] = useWidth(LEAST);
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
  const parts = PHASES.filter(phase => phaseSeconds(bar, phase) !== undefined);
  const state = stateText(bar.cached ? 'cached' : bar.state, trans);
  const words = [
    `${bar.label}: ${state}`,
    ...parts.map(phase => `${phaseText(phase, trans)} ${showSeconds(phaseSeconds(bar, phase))}`)
  ].join(', ');
  const end = bar.segments[bar.segments.length - 1];
  const running = phaseSeconds(bar, 'running');
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
      {bar.segments.map((segment, index) => (
        <rect
          key={index}
          className={`nby-Gantt-segment nby-mod-${colour(bar, segment)}${bar.critical && segment.phase === 'running' ? ' nby-mod-critical' : ''}`}
          x={x(segment.from)}
          y={y + 5}
          width={Math.max(2, x(segment.to) - x(segment.from))}
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

/** How long a phase took, in all attempts; undefined when there was none. */
function phaseSeconds(bar: IBar, phase: Phase): number | undefined {
  const parts = bar.segments.filter(segment => segment.phase === phase);
  return parts.length ? parts.reduce((sum, { from, to }) => sum + to - from, 0) : undefined;
}

function GanttTable({ bars }: { bars: readonly IBar[] }): JSX.Element {
  const { trans } = useServices();
  const heads: Record<Phase, string> = {
    queued: trans.__('Queued'),
    preparing: trans.__('Preparing'),
    starting: trans.__('Starting'),
    running: trans.__('Running'),
    publishing: trans.__('Publishing')
  };
  return (
    <table className="nby-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Step')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Began after')}</th>
          {PHASES.map(phase => (
            <th key={phase} scope="col">
              {heads[phase]}
            </th>
          ))}
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
            {PHASES.map(phase => (
              <td key={phase}>{showSeconds(phaseSeconds(bar, phase))}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
