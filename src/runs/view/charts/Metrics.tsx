import { Fragment, useEffect, useState } from 'react';
import { Metric, RunDetail, Task } from '../../../api/types';
import { LinkButton } from '../../../components/Button';
import { showSeconds } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { ticks } from '../../model/gantt';
import { roundBounds, numbersOf, placesOf, showNumber } from '../../model/metrics';
import { taskTitle } from '../../model/names';
import { useServices } from '../context/hooks';
import { LineChart } from './LineChart';
import { useRecorded } from './recorded';
import { IReported, useOutputMetrics } from './reported';
import { UndeclaredFiles } from '../parameters/UndeclaredFiles';
import { TaskChoice } from '../context/TaskChoice';
import { ITaskProps } from '../context/taskProps';
import { TableSwitch } from './TableSwitch';

/** At most so many other tasks are named. */
const NAMED = 5;
/** At most so many tasks are asked for metrics. */
const ASKED = 20;

interface IMetricsProps extends ITaskProps {
  /** Whether the user chose no task: the first one with metrics is shown. */
  follows: boolean;
}

/** The metrics of a task from `nbyard.log_metric` as lines, or the same as a table. */
export default function Metrics({ follows, ...shared }: IMetricsProps): JSX.Element {
  const { model, detail } = shared;
  const { trans, yard } = useServices();
  const [first, setFirst] = useState<string>();
  const step = (follows && first) || shared.step;
  const props = { ...shared, step };
  const [table, setTable] = useState(false);
  const task = detail.tasks.find(({ node }) => node === step);
  const { recorded, problem } = useRecorded(
    (node, attempt, signal) =>
      yard.client.call('runs.metrics', {
        path: { run: model.id, node },
        query: { attempt },
        signal
      }),
    model.id,
    task,
    props.attempt
  );
  const metrics = recorded?.metrics ?? [];
  const reported = useOutputMetrics(model.id, task);
  const isEmpty = !!recorded && !metrics.length && !reported.length;
  // a JSON output may have metrics, which are read meanwhile
  const looks = follows && !first && isEmpty && !hasJson(task);
  useFirstWithMetrics(detail, looks, setFirst);
  const others = detail.tasks.filter(other => other.node !== step && hasJson(other));
  return (
    <div className="nby-Resources">
      <div className="nby-Bar">
        <TaskChoice {...props} />
        <span className="nby-Space" />
        {!!metrics.length && <TableSwitch on={table} onSwitch={setTable} />}
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {!problem && !recorded && <p className="nby-Note">{trans.__('Loading…')}</p>}
      {reported.length > 0 && <Reported reported={reported} />}
      {isEmpty && (
        <p className="nby-Note">
          {recorded.done ? trans.__('This task recorded no metrics.') : trans.__('No metrics yet.')}{' '}
          {trans.__(
            'Record one with nbyard.log_metric("loss", loss, step=n), or write a JSON output.'
          )}
          {others.length > 0 && ` ${trans.__('Tasks with JSON outputs:')}`}
          {others.slice(0, NAMED).map(other => (
            <Fragment key={other.node}>
              {' '}
              <LinkButton onClick={() => props.onStep(other.node)}>
                {taskTitle(other, detail.tasks)}
              </LinkButton>
            </Fragment>
          ))}
        </p>
      )}
      {isEmpty && recorded.done && (
        <UndeclaredFiles run={model.id} node={task!.node} state={task!.state} />
      )}
      {table && !!metrics.length ? (
        <MetricTable metrics={metrics} />
      ) : (
        metrics.map(metric => <MetricLine key={metric.name} metric={metric} />)
      )}
    </div>
  );
}

function hasJson(task: Task | undefined): boolean {
  return !!task?.artifacts?.some(({ format }) => format === 'json');
}

/** Look for the first task that recorded metrics. */
function useFirstWithMetrics(
  { run, tasks }: RunDetail,
  isWanted: boolean,
  onFirst: (node: string) => void
): void {
  const { yard } = useServices();
  const started = tasks.filter(task => task.started_at || task.cached).slice(0, ASKED);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    const look = async () => {
      for (const { node } of started) {
        const request = { path: { run: run.id, node }, query: { attempt: 0 }, signal };
        const { metrics } = await yard.client.call('runs.metrics', request);
        if (metrics.length) {
          onFirst(node);
          return;
        }
      }
    };
    if (isWanted) {
      void look().catch(() => undefined); // the view says that the shown task has none
    }
    return () => control.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- again once a task starts or ends
  }, [yard, run.id, isWanted, started.map(task => task.state).join()]);
}

/** Numbers in JSON outputs: one value each, without a course. */
function Reported({ reported }: { reported: readonly IReported[] }): JSX.Element {
  const { trans } = useServices();
  return (
    <Table
      className="nby-Table nby-Reported"
      caption={trans.__('From outputs')}
      heads={[trans.__('Metric'), trans.__('Value'), trans.__('Output')]}
    >
      {reported.map(({ output, name, value }) => (
        <tr key={`${output} ${name}`}>
          <th scope="row">{name}</th>
          <td title={String(value)}>{showNumber(value)}</td>
          <td className="nby-Dim">{output}</td>
        </tr>
      ))}
    </Table>
  );
}

function MetricLine({ metric }: { metric: Metric }): JSX.Element {
  const { trans } = useServices();
  const places = placesOf(metric);
  const values = numbersOf(metric);
  const [start, last] = [places[0], places[places.length - 1]];
  const end = last > start ? last : start + 1;
  const isStep = !!metric.steps?.length;
  const inside = (at: number) => at >= start && at <= end;
  return (
    <LineChart
      id={metric.name}
      name={`${metric.name} · ${showNumber(metric.last)}`}
      label={trans.__('%1: %2 points, now %3', metric.name, metric.count, showNumber(metric.last))}
      places={places}
      values={values}
      marks={roundBounds(values)}
      ticks={isStep ? roundBounds([start, end], 6).filter(inside) : ticks(end).filter(inside)}
      start={start}
      end={end}
      show={showNumber}
      showPlace={at => (isStep ? showNumber(at) : at < 60 ? `${at} s` : showSeconds(at))}
    />
  );
}

function MetricTable({ metrics }: { metrics: readonly Metric[] }): JSX.Element {
  const { trans } = useServices();
  const ends = (metric: Metric) => {
    const known = numbersOf(metric).filter(value => value !== null);
    return known.length ? [Math.min(...known), Math.max(...known)] : ['', ''];
  };
  const heads = [trans.__('Points'), trans.__('Latest'), trans.__('Minimum'), trans.__('Maximum')];
  return (
    <Table heads={[trans.__('Metric'), ...heads]}>
      {metrics.map(metric => (
        <tr key={metric.name}>
          <th scope="row">{metric.name}</th>
          <td>{metric.count}</td>
          {[metric.last, ...ends(metric)].map((value, at) => (
            <td key={at} title={String(value)}>
              {showNumber(value)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
