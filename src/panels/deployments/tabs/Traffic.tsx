import { useState } from 'react';
import { Traffic as Counted } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { Button } from '../../../components/Button';
import { useNow } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { axisTicks, most } from '../../../runs/model/usage';
import { LineChart } from '../../../runs/view/charts/LineChart';
import { IPanelServices } from '../../frame/services';

type Part = Counted['parts'][number];

/** How often the counts are requested while they are visible, in milliseconds. */
const AGAIN = 10_000;
const TICKS = 4;

interface ITrafficProps {
  services: IPanelServices;
  id: string;
}

/** Request counts, status codes and latency over time, or the same as a table. */
export function Traffic({ services, id }: ITrafficProps): JSX.Element | null {
  const { trans } = services;
  const [span, setSpan] = useState('hour');
  const [isTable, setTable] = useState(false);
  const traffic = useTraffic(services, id, span);
  const spans: [string, string][] = [
    ['hour', trans.__('Last hour')],
    ['day', trans.__('Last day')]
  ];
  const said = typeof traffic === 'string' ? traffic : traffic && sumsOf(traffic, services);
  return (
    <section className="nby-Traffic" aria-label={trans.__('Traffic')}>
      <div className="nby-Bar">
        {spans.map(([name, title]) => (
          <Button key={name} aria-pressed={span === name} onClick={() => setSpan(name)}>
            {title}
          </Button>
        ))}
        <span className="nby-Dim">{said}</span>
        <span className="nby-Space" />
        <Button aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {trans.__('As Table')}
        </Button>
      </div>
      {traffic && typeof traffic === 'object' && traffic.requests > 0 && (
        <Shown services={services} traffic={traffic} isTable={isTable} />
      )}
    </section>
  );
}

function useTraffic(
  { yard, trans }: IPanelServices,
  id: string,
  span: string
): Counted | string | undefined {
  const now = useNow(true, AGAIN);
  const question = { path: { deployment: id }, query: { span } };
  const counted = useAnswer(yard.client, 'deployments.traffic', question, { turn: now });
  return counted.isOld ? trans.__('Loading…') : (counted.problem ?? counted.answer);
}

/** Return the totals in one line. */
function sumsOf(counted: Counted, services: IPanelServices) {
  const { requests, refused, errors, p50_seconds, p99_seconds } = counted;
  const { trans } = services;
  if (!requests) {
    return trans.__('No requests yet. New requests appear within seconds.');
  }
  return [
    trans._n('%1 request', '%1 requests', requests),
    ...(refused ? [trans.__('%1 refused', refused)] : []),
    trans._n('%1 error', '%1 errors', errors),
    trans.__('median %1, 99th percentile %2', showMs(p50_seconds), showMs(p99_seconds))
  ].join(' · ');
}

interface ILine {
  id: string;
  name: string;
  values: (number | null)[];
  show: (value: number) => string;
  marks: (largest: number) => number[];
}

function Shown(props: {
  services: IPanelServices;
  traffic: Counted;
  isTable: boolean;
}): JSX.Element {
  const { services, traffic, isTable } = props;
  const { parts, part_seconds } = traffic;
  const lines = linesOf(parts, services);
  const places = parts.map((_, index) => index * part_seconds);
  const end = places[places.length - 1];
  const ticks = Array.from({ length: TICKS }, (_, index) =>
    Math.round((index * end) / (TICKS - 1))
  );
  const first = Date.parse(parts[0].at);
  const time = (at: number) =>
    new Date(first + at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return isTable ? (
    <PartTable services={services} parts={parts} lines={lines} time={time} step={part_seconds} />
  ) : (
    <div className="nby-Traffic-charts">
      {lines.map(({ id, name, values, show, marks }) => (
        <LineChart
          key={id}
          id={id}
          name={name}
          label={services.trans.__('%1 over time, maximum %2', name, show(most(values)))}
          places={places}
          values={values}
          marks={marks(most(values))}
          ticks={ticks}
          start={0}
          end={end}
          show={show}
          showPlace={time}
        />
      ))}
    </div>
  );
}

function linesOf(parts: readonly Part[], { trans }: IPanelServices): ILine[] {
  const count = (value: number) => String(Number(value.toFixed(1)));
  return [
    {
      id: 'requests',
      name: trans.__('Requests'),
      values: parts.map(({ requests }) => requests),
      show: count,
      marks: countMarks
    },
    {
      id: 'errors',
      name: trans.__('Errors'),
      values: parts.map(({ errors }) => errors),
      show: count,
      marks: countMarks
    },
    {
      id: 'p50',
      name: trans.__('Median latency'),
      values: parts.map(({ p50_seconds }) => p50_seconds),
      show: showMs,
      marks: secondMarks
    },
    {
      id: 'p99',
      name: trans.__('99th percentile'),
      values: parts.map(({ p99_seconds }) => p99_seconds),
      show: showMs,
      marks: secondMarks
    }
  ];
}

/** Round values for the axes: counts, or seconds, which may be a few thousandths. */
const countMarks = (largest: number) => axisTicks(Math.max(largest, 2), 'cores');
const secondMarks = (largest: number) =>
  axisTicks(Math.max(largest * 1000, 1), 'cores').map(level => level / 1000);

function showMs(seconds: number | null): string {
  const ms = (seconds ?? 0) * 1000;
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1000).toPrecision(3))} s`;
}

function PartTable(props: {
  services: IPanelServices;
  parts: readonly Part[];
  lines: readonly ILine[];
  time: (at: number) => string;
  step: number;
}): JSX.Element {
  const { parts, lines, time, step } = props;
  const { trans } = props.services;
  return (
    <Table heads={[trans.__('From'), ...lines.map(({ name }) => name)]}>
      {parts
        .map((part, index) => ({ part, index }))
        .filter(({ part }) => part.requests)
        .map(({ part, index }) => (
          <tr key={part.at}>
            <th scope="row">{time(index * step)}</th>
            {lines.map(({ id, values, show }) => {
              const value = values[index];
              return <td key={id}>{value === null ? '' : show(value)}</td>;
            })}
          </tr>
        ))}
    </Table>
  );
}
