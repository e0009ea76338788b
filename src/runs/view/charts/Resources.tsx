import { useMemo, useState } from 'react';
import { Usage } from '../../../api/types';
import { showMemory } from '../../../components/format/bytes';
import { showSeconds } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { ticks } from '../../model/gantt';
import { ISeries, axisTicks, most, seriesOf, Unit } from '../../model/usage';
import { useServices } from '../context/hooks';
import { LineChart } from './LineChart';
import { useRecorded } from './recorded';
import { TaskChoice } from '../context/TaskChoice';
import { ITaskProps } from '../context/taskProps';
import { TableSwitch } from './TableSwitch';

/** From this many measurements on, a chart is better than a table. */
const DRAWN = 3;

/** The resources of a task over time as lines, or the same as a table. */
export default function Resources(props: ITaskProps): JSX.Element {
  const { model, detail, step } = props;
  const { trans, yard } = useServices();
  const [table, setTable] = useState(false);
  const task = detail.tasks.find(({ node }) => node === step);
  const { recorded: usage, problem } = useRecorded(
    (node, attempt, signal) =>
      yard.client.call('runs.usage', { path: { run: model.id, node }, query: { attempt }, signal }),
    model.id,
    task,
    props.attempt
  );
  const series = useMemo(() => (usage ? seriesOf(usage) : []), [usage]);
  const isBrief = (usage?.seconds?.length ?? 0) < DRAWN;
  return (
    <div className="nby-Resources">
      <div className="nby-Bar">
        <TaskChoice {...props} />
        <span className="nby-Dim">{usage?.seconds?.length ? <Sums usage={usage} /> : null}</span>
        <span className="nby-Space" />
        {!isBrief && <TableSwitch on={table} onSwitch={setTable} />}
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {!problem && !usage && <p className="nby-Note">{trans.__('Loading…')}</p>}
      {usage && !usage.seconds?.length && (
        <p className="nby-Note">
          {usage.done
            ? trans.__('No resource usage was recorded for this task.')
            : trans.__('No resource usage is recorded for this task yet.')}
        </p>
      )}
      {!!usage?.seconds?.length && isBrief && (
        <p className="nby-Note">
          {trans.__('There are too few measurements for a chart. The table shows all of them.')}
        </p>
      )}
      {!!usage?.seconds?.length &&
        (table || isBrief ? (
          <UsageTable usage={usage} series={series} />
        ) : (
          series.map(line => <Line key={line.id} series={line} seconds={usage.seconds!} />)
        ))}
    </div>
  );
}

function Sums({ usage }: { usage: Usage }): JSX.Element {
  const { trans } = useServices();
  const sums = [
    trans.__('%1 of CPU time', showSeconds(usage.cpu_seconds)),
    trans.__('at most %1', showMemory(most(usage.memory_bytes ?? []))),
    trans._n('at most %1 process', 'at most %1 processes', most(usage.processes ?? []))
  ];
  return <>{sums.join(' · ')}</>;
}

/** Return functions for the name of a line, and for a value as text. */
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
      return showMemory(value);
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
  const { unit, values } = series;
  const end = Math.max(0.1, seconds[seconds.length - 1]);
  return (
    <LineChart
      id={series.id}
      name={name(series)}
      label={trans.__('%1 over time, maximum %2', name(series), show(most(values), unit))}
      places={seconds}
      values={values}
      marks={axisTicks(most(values), unit)}
      ticks={ticks(end)}
      start={0}
      end={end}
      show={value => show(value, unit)}
      showPlace={at => (at < 60 ? `${at} s` : showSeconds(at))}
    />
  );
}

function UsageTable({ usage, series }: { usage: Usage; series: readonly ISeries[] }): JSX.Element {
  const { trans } = useServices();
  const { name, show } = useWords();
  return (
    <Table heads={[trans.__('After'), ...series.map(name), trans.__('Processes')]}>
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
    </Table>
  );
}
