import { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { isLive } from '../../../api/types';
import { PortionBar, usePortion } from '../../../components/Portion';
import { StateMark, stateText } from '../../../components/StateMark';
import { showSeconds } from '../../../components/format/times';
import { useServerNow } from '../../../components/hooks/useLost';
import { Table } from '../../../components/table/Table';
import {
  chartOf,
  colourOf,
  IBar,
  IChart,
  Phase,
  PHASES,
  phaseSeconds,
  ITry,
  ticks,
  attemptsOf
} from '../../model/gantt';
import { secondsOf } from '../../model/reducer';
import { useServices, useWidth } from '../context/hooks';
import { ITaskProps } from '../context/taskProps';
import { TableSwitch } from './TableSwitch';

const ROW = 26;
const LABELS = 170;
/** The space to the right of the longest bar, for its duration. */
const ROOM = 70;
/** The maximum length of a label. */
const LETTERS = 24;
const LEAST = 480;
const AXIS = 20;
/** Shorter parts are invisible, in seconds. */
const SEEN = 0.1;
const KEYS = [
  'created',
  'queued',
  'preparing',
  'starting',
  'running',
  'succeeded',
  'cached',
  'failed',
  'lost',
  'cancelled',
  'publishing',
  'critical'
] as const;

const nodeOf = ({ node }: IBar): string => node;

/** The waits, starts and work of each task as bars, or the same as a table. */
export function Gantt({ detail, step, onStep }: ITaskProps): JSX.Element {
  const { trans, yard } = useServices();
  const [table, setTable] = useState(false);
  const now = useServerNow(yard.stream, isLive(detail.run));
  const chart = useMemo(() => chartOf(detail, now), [detail, now]);
  const total = secondsOf(detail.run, now);
  const portion = usePortion(chart.bars, nodeOf, step);
  const worked = chart.bars.filter(bar => bar.segments.some(({ phase }) => phase === 'running'));
  // in a chain of tasks each one determined the duration, which a frame around each would not show
  const hasFrames = worked.some(({ critical }) => critical) && !worked.every(bar => bar.critical);
  const shown = new Set(
    chart.bars.flatMap(bar => bar.segments.map((_, index) => colourOf(bar, index)))
  );
  if (hasFrames) {
    shown.add('critical');
  }
  if (chart.begins > SEEN) {
    shown.add('created');
  }
  return (
    <div className="nby-Gantt">
      <div className="nby-Gantt-legend">
        {KEYS.filter(key => shown.has(key)).map(key => (
          <span key={key} className={`nby-Gantt-key nby-mod-${key}`}>
            {key === 'critical' ? trans.__('determined the duration') : phaseText(key, trans)}
            {key === 'created' && ` (${showSeconds(chart.begins)})`}
          </span>
        ))}
        {!isLive(detail.run) && total !== undefined && (
          <span className="nby-Dim">
            {trans.__(
              'The run took %1, waits included. At each bar: the time of its task.',
              showSeconds(total)
            )}
          </span>
        )}
        <TableSwitch on={table} onSwitch={setTable} />
      </div>
      <PortionBar portion={portion} trans={trans} />
      {table ? (
        <GanttTable bars={portion.items} />
      ) : (
        <Picture bars={portion.items} {...{ chart, hasFrames, step, onStep }} />
      )}
    </div>
  );
}

function phaseText(phase: string, trans: TranslationBundle): string {
  const phaseTexts: Record<string, string> = {
    created: trans.__('before the run started'),
    publishing: trans.__('publishing')
  };
  return phaseTexts[phase] ?? stateText(phase, trans);
}

function attemptText({ number, state }: ITry, trans: TranslationBundle): string {
  return trans.__('attempt %1 %2', number, stateText(state, trans));
}

/** Shorten a text to fit beside the bars. */
function short(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

interface IPictureProps {
  bars: readonly IBar[];
  chart: IChart;
  /** Whether the critical path is framed. */
  hasFrames: boolean;
  step: string | undefined;
  onStep: (node: string) => void;
}

function Picture({ bars, chart, hasFrames, step, onStep }: IPictureProps): JSX.Element {
  const { seconds, begins } = chart;
  const { trans } = useServices();
  const [ref, width] = useWidth(LEAST);
  const x = (at: number) => LABELS + (at / seconds) * (width - LABELS - ROOM);
  const height = bars.length * ROW;
  return (
    <>
      <svg className="nby-Gantt-axis" style={{ height: AXIS, minWidth: LEAST }} aria-hidden="true">
        {ticks(seconds).map(at => (
          <text key={at} x={x(at)} y={AXIS - 6} textAnchor="middle">
            {at < 60 ? `${at} s` : showSeconds(at)}
          </text>
        ))}
      </svg>
      <svg
        ref={ref}
        className="nby-Gantt-picture"
        style={{ height, minWidth: LEAST }}
        role="group"
        aria-label={trans.__('Tasks over time; the table shows the same data')}
      >
        {begins > SEEN && (
          <rect
            className="nby-Gantt-before nby-mod-created"
            x={x(0)}
            width={x(begins) - x(0)}
            height={height}
          />
        )}
        {ticks(seconds).map(at => (
          <g key={at} className="nby-Gantt-tick" aria-hidden="true">
            <line x1={x(at)} x2={x(at)} y1={0} y2={height} />
          </g>
        ))}
        {bars.map((bar, index) => (
          <Bar
            key={bar.node}
            bar={bar}
            isFramed={hasFrames && bar.critical}
            x={x}
            y={index * ROW}
            chosen={bar.node === step}
            onStep={onStep}
          />
        ))}
      </svg>
    </>
  );
}

interface IBarProps {
  bar: IBar;
  isFramed: boolean;
  x: (at: number) => number;
  y: number;
  chosen: boolean;
  onStep: (node: string) => void;
}

function Bar({ bar, isFramed, x, y, chosen, onStep }: IBarProps): JSX.Element {
  const { trans } = useServices();
  const { name, id, segments } = bar;
  const state = stateText(bar.cached ? 'cached' : bar.state, trans);
  const description = [
    `${id ? `${name} (${id})` : name}: ${state}`,
    ...(bar.attempts.length > 1 ? attemptsOf(bar).map(attempt => attemptText(attempt, trans)) : []),
    ...PHASES.flatMap(phase => {
      const seconds = phaseSeconds(segments, phase);
      return seconds === undefined ? [] : `${phaseText(phase, trans)} ${showSeconds(seconds)}`;
    })
  ].join(', ');
  const end = segments[segments.length - 1];
  return (
    <g
      className={`nby-Gantt-bar nby-mod-${bar.state}${chosen ? ' nby-mod-chosen' : ''}`}
      role="button"
      tabIndex={0}
      aria-pressed={chosen}
      aria-label={description}
      onClick={() => onStep(bar.node)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          onStep(bar.node);
        }
      }}
    >
      <title>{description}</title>
      <rect className="nby-Gantt-hit" x={0} y={y} width="100%" height={ROW} />
      <text x={6} y={y + ROW / 2 + 4} className="nby-Gantt-label">
        {short(name, id ? LETTERS / 2 : LETTERS)}
        {id && <tspan className="nby-Gantt-id"> {short(id, LETTERS / 2)}</tspan>}
      </text>
      {segments.map((segment, index) => (
        <rect
          key={index}
          className={`nby-Gantt-segment nby-mod-${colourOf(bar, index)}${isFramed && segment.phase === 'running' ? ' nby-mod-critical' : ''}`}
          x={x(segment.from)}
          y={y + 5}
          width={Math.max(2, x(segment.to) - x(segment.from))}
          height={ROW - 10}
          rx={2}
        />
      ))}
      {end ? (
        <text x={x(end.to) + 6} y={y + ROW / 2 + 4} className="nby-Gantt-time">
          {bar.cached || bar.duration === undefined ? state : showSeconds(bar.duration)}
        </text>
      ) : (
        <text x={LABELS} y={y + ROW / 2 + 4} className="nby-Gantt-time">
          {state}
        </text>
      )}
    </g>
  );
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
    <Table
      heads={[
        ...[trans.__('Task'), trans.__('Attempt'), trans.__('State'), trans.__('Started after')],
        ...PHASES.map(phase => heads[phase])
      ]}
    >
      {bars.map(bar =>
        attemptsOf(bar).map(({ number, state, segments }, index, all) => (
          <tr key={`${bar.node} ${number}`}>
            {!index && (
              <th scope="rowgroup" rowSpan={all.length}>
                {bar.name} {bar.id && <span className="nby-Dim">{bar.id}</span>}
              </th>
            )}
            <td>{bar.attempts.length ? number : ''}</td>
            <td>
              <StateMark state={state} cached={bar.cached} trans={trans} />
            </td>
            <td>{showSeconds(segments[0]?.from)}</td>
            {PHASES.map(phase => (
              <td key={phase}>{showSeconds(phaseSeconds(segments, phase))}</td>
            ))}
          </tr>
        ))
      )}
    </Table>
  );
}
