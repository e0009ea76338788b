import { useState } from 'react';
import { Answer } from '../../api/operations';
import { useAnswer } from '../../api/useAnswer';
import { Button } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { RowTable } from '../../components/table/RowTable';
import { Refusal, Waiting } from '../../components/text/messages';
import { axisTicks, most } from '../../runs/model/usage';
import { LineChart } from '../../runs/view/charts/LineChart';
import { IPanelServices } from '../frame/services';

type Day = Answer<'admin.usage'>['items'][number];
type Measure = 'gpu_hours' | 'core_hours' | 'stored_bytes';

const DAYS = [7, 30, 90];
const DAY_MS = 86_400_000;
const MEASURES: Measure[] = ['gpu_hours', 'core_hours', 'stored_bytes'];

interface IUsageProps {
  services: IPanelServices;
  turn: number;
}

/** The usage of each user or project in total, and of all or one of them over time. */
export function Usage({ services, turn }: IUsageProps): JSX.Element {
  const { yard, trans } = services;
  const [by, setBy] = useState<'project' | 'user'>('user');
  const [days, setDays] = useState(30);
  const [chosen, choose] = useState<string>();
  const question = { query: { by, days } };
  const { answer, problem } = useAnswer(yard.client, 'admin.usage', question, { turn });
  const items = answer?.items ?? [];
  const labels: Record<Measure, string> = {
    gpu_hours: trans.__('GPU hours'),
    core_hours: trans.__('Core hours'),
    stored_bytes: trans.__('Stored')
  };
  const totals = totalsOf(items);
  const choice = (isChosen: boolean, label: string, onClick: () => void) => (
    <Button key={label} aria-pressed={isChosen} onClick={onClick}>
      {label}
    </Button>
  );
  return (
    <>
      <div className="nby-Bar">
        {choice(by === 'user', trans.__('By User'), () => (setBy('user'), choose(undefined)))}
        {choice(
          by === 'project',
          trans.__('By Project'),
          () => (setBy('project'), choose(undefined))
        )}
        <span className="nby-Space" />
        {DAYS.map(count =>
          choice(days === count, trans.__('%1 Days', count), () => setDays(count))
        )}
      </div>
      <Refusal className="nby-Note">{problem}</Refusal>
      {!totals.length ? (
        !problem && (
          <Waiting>{answer ? trans.__('Nothing was used.') : trans.__('Loading…')}</Waiting>
        )
      ) : (
        <>
          <RowTable
            label={trans.__('Usage')}
            noun="usage"
            columns={[
              {
                ...{ key: 'of', label: by === 'user' ? trans.__('User') : trans.__('Project') },
                ...{ isUnsorted: true, render: (row: Day) => row.of }
              },
              ...MEASURES.map(measure => ({
                ...{ key: measure, label: labels[measure], width: 130 },
                ...{ isNumber: true, isUnsorted: true },
                render: (row: Day) => show(measure, row[measure])
              }))
            ]}
            rows={totals}
            isPart={false}
            idOf={row => row.of}
            sort={{ key: '', isDown: true }}
            onSort={() => undefined}
            selected={chosen}
            onOpen={({ of }) => choose(chosen === of ? undefined : of)}
          />
          <h3>{chosen ?? trans.__('All')}</h3>
          <div className="nby-Traffic-charts">
            {MEASURES.map(measure => (
              <Chart
                key={measure}
                label={labels[measure]}
                measure={measure}
                items={chosen ? items.filter(({ of }) => of === chosen) : items}
                days={days}
                services={services}
              />
            ))}
          </div>
        </>
      )}
    </>
  );
}

/** Return the sum of each user or project over all days, the largest first. */
function totalsOf(items: readonly Day[]): Day[] {
  const sums = new Map<string, Day>();
  for (const item of items) {
    const sum = sums.get(item.of) ?? { ...item, gpu_hours: 0, core_hours: 0, stored_bytes: 0 };
    MEASURES.forEach(measure => (sum[measure] += item[measure]));
    sums.set(item.of, sum);
  }
  const by = (measure: Measure) => (a: Day, b: Day) => b[measure] - a[measure];
  return [...sums.values()].sort((a, b) => by('gpu_hours')(a, b) || by('core_hours')(a, b));
}

function show(measure: Measure, value: number): string {
  return measure === 'stored_bytes' ? showBytes(value) : String(Number(value.toFixed(2)));
}

interface IChartProps {
  label: string;
  measure: Measure;
  items: readonly Day[];
  days: number;
  services: IPanelServices;
}

/** One measure of each day. */
function Chart({ label, measure, items, days, services }: IChartProps): JSX.Element {
  const today = Math.floor(Date.now() / DAY_MS);
  const places = Array.from({ length: days }, (_, at) => today - days + 1 + at);
  const sums = new Map<number, number>();
  for (const item of items) {
    const place = Date.parse(item.day) / DAY_MS;
    sums.set(place, (sums.get(place) ?? 0) + item[measure]);
  }
  const values = places.map(place => sums.get(place) ?? 0);
  const showDay = (place: number) =>
    new Date(place * DAY_MS).toLocaleDateString(undefined, {
      ...{ month: 'short', day: 'numeric', timeZone: 'UTC' }
    });
  return (
    <LineChart
      id={measure}
      name={label}
      label={services.trans.__('%1 over time, maximum %2', label, show(measure, most(values)))}
      places={places}
      values={values}
      // decimal steps, as the sizes are shown
      marks={axisTicks(Math.max(most(values), measure === 'stored_bytes' ? 1000 : 0), 'cores')}
      ticks={[places[0], today]}
      start={places[0]}
      end={today}
      show={value => show(measure, value)}
      showPlace={showDay}
    />
  );
}
