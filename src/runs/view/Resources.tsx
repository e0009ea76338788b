import { useEffect, useMemo, useState } from 'react';
import { Task, Usage } from '../../api/types';
import { showBytes } from '../../components/bytes';
import { showSeconds, useNow } from '../../components/times';
import { ticks } from '../gantt';
import { RunModel } from '../model';
import { ISeries, levels, most, pathOf, seriesOf, Unit } from '../usage';
import { useServices, useWidth } from './hooks';
import { StepChoice } from './StepChoice';
import { IStepProps } from './Steps';

const LABELS = 80;
const ROOM = 30;
const HEIGHT = 110;
const AXIS = 18;
const TOP = 8;
const LEAST = 360;
/** From so many measurements on, a line says more than a table. */
const DRAWN = 3;
/** While a step runs, news are asked for that often. */
const PERIOD = 2000;

/** What a step used over time, as lines; the same as a table on request. */
export default function Resources(props: IStepProps): JSX.Element {
  const { model, detail, step } = props;
  const { trans } = useServices();
  const [table, setTable] = useState(false);
  const task = detail.tasks.find(({ node }) => node === step);
  const { usage, problem } = useUsage(model, task, props.attempt);
  const series = useMemo(() => (usage ? seriesOf(usage) : []), [usage]);
  const isBrief = (usage?.seconds?.length ?? 0) < DRAWN;
  return (
    <div className="nby-Resources">
      <div className="nby-Bar">
        <StepChoice {...props} />
        <span className="nby-Dim">{usage?.seconds?.length ? <Sums usage={usage} /> : null}</span>
        <span className="nby-Space" />
        {!isBrief && (
          <button
            type="button"
            className="nby-Button"
            aria-pressed={table}
            onClick={() => setTable(!table)}
          >
            {trans.__('As table')}
          </button>
        )}
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {!problem && !usage && <p className="nby-Note">{trans.__('Loading…')}</p>}
      {usage && !usage.seconds?.length && (
        <p className="nby-Note">
          {usage.done
            ? trans.__('Nothing was recorded of what this step used.')
            : trans.__('Nothing is recorded yet of what this step uses.')}
        </p>
      )}
      {!!usage?.seconds?.length && isBrief && (
        <p className="nby-Note">{trans.__('Too few measurements for a line: these are all.')}</p>
      )}
      {!!usage?.seconds?.length &&
        (table || isBrief ? (
          <UsageTable usage={usage} series={series} />
        ) : (
          series.map(one => <Line key={one.id} series={one} seconds={usage.seconds!} />)
        ))}
    </div>
  );
}

function Sums({ usage }: { usage: Usage }): JSX.Element {
  const { trans } = useServices();
  const words = [
    trans.__('%1 of CPU time', showSeconds(usage.cpu_seconds)),
    trans.__('at most %1', showBytes(most(usage.memory_bytes ?? []))),
    trans._n('at most %1 process', 'at most %1 processes', most(usage.processes ?? []))
  ];
  return <>{words.join(' · ')}</>;
}

interface IUsage {
  usage?: Usage;
  problem?: string;
}

/** What is known so far; asked for again while the step runs and somebody looks. */
function useUsage(model: RunModel, task: Task | undefined, attempt: number): IUsage {
  const { yard } = useServices();
  const [found, setFound] = useState<IUsage & { of?: string }>({});
  const node = task?.node;
  const now = useNow(task?.state === 'running', PERIOD);
  const mark = `${task?.state} ${task?.attempts?.length}`;
  const of = `${node} ${attempt}`;
  useEffect(() => {
    if (!node) {
      return;
    }
    const control = new AbortController();
    yard.client
      .call('runs.usage', {
        path: { run: model.id, node },
        query: { attempt },
        signal: control.signal
      })
      .then(usage => setFound({ usage, of }))
      .catch((error: Error) => {
        if (!control.signal.aborted) {
          setFound({ problem: error.message, of });
        }
      });
    return () => control.abort();
  }, [yard, model.id, node, attempt, of, now, mark]);
  return found.of === of ? found : {};
}

/** The name of a line, and a value on it in words. */
function useWords(): { name: (series: ISeries) => string; show: (v: number, u: Unit) => string } {
  const { trans } = useServices();
  const name = ({ unit, gpu }: ISeries) => {
    if (gpu === undefined) {
      return unit === 'cores' ? trans.__('CPU (cores)') : trans.__('Memory');
    }
    return unit === 'percent' ? trans.__('GPU %1', gpu) : trans.__('Memory of GPU %1', gpu);
  };
  const show = (value: number, unit: Unit) => {
    if (unit === 'bytes') {
      return showBytes(value);
    }
    return unit === 'percent' ? `${Math.round(value)} %` : String(Number(value.toFixed(2)));
  };
  return { name, show };
}

interface ILineProps {
  series: ISeries;
  seconds: readonly number[];
}

function Line({ series, seconds }: ILineProps): JSX.Element {
  const { trans } = useServices();
  const { name, show } = useWords();
  const [ref, width] = useWidth(LEAST);
  const { unit, values } = series;
  const marks = levels(most(values), unit);
  const top = marks[marks.length - 1];
  const end = Math.max(0.1, seconds[seconds.length - 1]);
  const x = (at: number) => LABELS + (at / end) * (width - LABELS - ROOM);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - AXIS - TOP);
  const words = trans.__('%1 over time: at most %2', name(series), show(most(values), unit));
  return (
    <figure className="nby-Resources-line" data-series={series.id}>
      <figcaption>{name(series)}</figcaption>
      <svg ref={ref} style={{ height: HEIGHT, minWidth: LEAST }} role="img" aria-label={words}>
        {marks.map(level => (
          <g key={level} className="nby-Resources-tick">
            <line x1={LABELS} x2={width - ROOM} y1={y(level)} y2={y(level)} />
            <text x={LABELS - 6} y={y(level) + 4} textAnchor="end">
              {show(level, unit)}
            </text>
          </g>
        ))}
        {ticks(end).map(at => (
          <text key={at} x={x(at)} y={HEIGHT - 3} textAnchor="middle">
            {at < 60 ? `${at} s` : showSeconds(at)}
          </text>
        ))}
        <path className="nby-Resources-path" d={pathOf(seconds, values, x, y)} />
      </svg>
    </figure>
  );
}

function UsageTable({ usage, series }: { usage: Usage; series: readonly ISeries[] }): JSX.Element {
  const { trans } = useServices();
  const { name, show } = useWords();
  return (
    <table className="nby-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('After')}</th>
          {series.map(one => (
            <th key={one.id} scope="col">
              {name(one)}
            </th>
          ))}
          <th scope="col">{trans.__('Processes')}</th>
        </tr>
      </thead>
      <tbody>
        {(usage.seconds ?? []).map((at, index) => (
          <tr key={at}>
            <th scope="row">{showSeconds(at)}</th>
            {series.map(({ id, unit, values }) => {
              const value = values[index];
              return <td key={id}>{value === null ? '' : show(value, unit)}</td>;
            })}
            <td>{usage.processes?.[index]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
