import { Fragment, useState } from 'react';
import { Button } from '../../../components/Button';
import { RunComparison } from '../../../api/types';
import { Waiting } from '../../../components/text/messages';
import { useAnswer } from '../../../api/useAnswer';
import { roundBounds, showNumber } from '../../../runs/model/metrics';
import { LineChart } from '../../../runs/view/charts/LineChart';
import { IPanelServices } from '../../frame/services';
import { IComparedProps, titleOf } from './compared';
import { WideRow } from './SideTable';

/** The metrics of each workflow over its runs, requested when the user opens the part. */
export function MetricPlots({ services, comparison }: IComparedProps): JSX.Element | null {
  const { trans } = services;
  const [open, setOpen] = useState(false);
  const titles = new Map(comparison.runs.map(run => [run.workflow_id || run.path, run.title]));
  titles.delete('');
  const hasMetrics = comparison.metrics.length + comparison.equal.metrics > 0;
  if (!titles.size || !hasMetrics) {
    return null;
  }
  return (
    <tbody aria-label={trans.__('Metrics over runs')}>
      <WideRow>
        <Button aria-expanded={open} onClick={() => setOpen(!open)}>
          {trans.__('Plot Metrics Over Runs')}
        </Button>
        {open &&
          [...titles].map(([workflow, title]) => (
            <Fragment key={workflow}>
              {titles.size > 1 && <h4>{title}</h4>}
              <Plots {...{ services, workflow }} labels={comparison.labels} />
            </Fragment>
          ))}
      </WideRow>
    </tbody>
  );
}

interface IPlotsProps {
  services: IPanelServices;
  workflow: string;
  labels: RunComparison['labels'];
}

function Plots({ services, workflow, labels }: IPlotsProps): JSX.Element {
  const { yard, trans } = services;
  const question = { query: { workflow } };
  const { answer: history, problem } = useAnswer(yard.client, 'runs.metric_history', question);
  if (!history) {
    return <Waiting problem={problem}>{trans.__('Loading…')}</Waiting>;
  }
  return (
    <div className="nby-Resources nby-Comparison-plots">
      <svg width="0" height="0" aria-hidden="true">
        <marker id="nby-comparison-dot" viewBox="-4 -4 8 8" markerWidth="5" markerHeight="5">
          <circle r="3" />
        </marker>
      </svg>
      {history.series.map(({ node, name, values }) => (
        <Plot
          key={`${node} ${name}`}
          name={`${titleOf(node, labels)}.${name}`}
          places={history.runs.map(({ number }) => number)}
          values={values.map(value => (typeof value === 'number' ? value : null))}
          describe={(count, last) => trans.__('%1 in %2 runs, last %3', name, count, last)}
          showRun={number => trans.__('run %1', number)}
        />
      ))}
      {!history.series.length && (
        <p className="nby-Note">{trans.__('No successful run recorded metrics.')}</p>
      )}
    </div>
  );
}

interface IPlotProps {
  name: string;
  places: readonly number[];
  values: readonly (number | null)[];
  describe: (count: number, last: string) => string;
  showRun: (number: number) => string;
}

function Plot({ name, places, values, describe, showRun }: IPlotProps): JSX.Element {
  const [start, last] = [places[0], places[places.length - 1]];
  const known = values.filter(value => value !== null);
  const newest = known.length ? showNumber(known[known.length - 1]!) : '–';
  const isRun = (at: number) => Number.isInteger(at) && at >= start && at <= last;
  return (
    <LineChart
      id={name}
      name={`${name} · ${newest}`}
      label={describe(known.length, newest)}
      places={places}
      values={values}
      marks={roundBounds(values)}
      ticks={roundBounds([start, last], 6).filter(isRun)}
      start={start}
      end={last > start ? last : start + 1}
      show={showNumber}
      showPlace={showRun}
    />
  );
}
