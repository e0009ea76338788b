import { showNumber } from '../../../runs/model/metrics';
import { showMoment, showSeconds } from '../../../components/format/times';
import { IComparedProps, rowId, titleOf } from './compared';
import { ISideRow, Section } from './SideTable';
import { useWhy } from './Why';

/** The parameters of the runs and of their nodes. */
export function ParameterSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const rows = comparison.parameters.map(({ node, name, values, differs }) => ({
    key: `${node} ${name}`,
    id: rowId(comparison, 'parameter', node, name),
    node,
    name,
    cells: values.map(value => value !== null && <code>{value}</code>),
    numbers: values.map(value => (value === null ? value : Number(value))),
    differs
  }));
  return (
    <Section {...{ services, comparison, rows }} title={trans.__('Parameters')} part="parameters" />
  );
}

/** The metrics of the nodes; each that differs can be explained. */
export function MetricSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const why = useWhy(services, comparison);
  const rows = comparison.metrics.map(({ node, name, values, differs }) => ({
    key: `${node} ${name}`,
    node,
    name,
    cells: values.map(
      value => value !== null && <span title={`${value}`}>{showNumber(value)}</span>
    ),
    numbers: values,
    isMetric: true,
    differs,
    ...why({ kind: 'metric', node, name, values, differs })
  }));
  return (
    <Section
      {...{ services, comparison, rows }}
      title={trans.__('Metrics')}
      part="metrics"
      none={trans.__('no metrics recorded')}
    />
  );
}

/** Where the nodes ran, and the packages that differ. */
export function EnvironmentSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const rows: ISideRow[] = comparison.environment.flatMap(({ nodes, names, packages, differs }) => [
    // Equal names say nothing if packages differ.
    ...(packages.length && new Set(names).size < 2
      ? []
      : [
          {
            key: nodes.join(),
            name: nodes.map(node => titleOf(node, comparison.labels)).join(', '),
            cells: names,
            differs
          }
        ]),
    ...packages.map(({ name, versions }) => ({
      key: `${nodes.join()} ${name}`,
      id: rowId(comparison, 'package', '', name),
      node: trans.__('package'),
      name,
      cells: versions,
      differs: true
    }))
  ]);
  return (
    <Section
      {...{ services, comparison, rows }}
      title={trans.__('Environment')}
      part="environment"
    />
  );
}

/** When the runs started, and the durations of the runs and of their nodes. */
export function TimingSection({ services, comparison }: IComparedProps): JSX.Element {
  const { trans } = services;
  const started = {
    key: 'started',
    name: trans.__('started'),
    cells: comparison.runs.map(({ started_at }) => started_at && showMoment(started_at)),
    differs: true
  };
  const durations = comparison.timing.map(({ node, seconds, cached, differs }) => ({
    key: node,
    name: titleOf(node, comparison.labels) || trans.__('whole run'),
    cells: seconds.map((value, at) =>
      cached[at] ? trans.__('cached') : value !== null && showSeconds(value)
    ),
    numbers: seconds.map((value, at) => (cached[at] ? null : value)),
    show: showSeconds,
    differs
  }));
  const rows = [started, ...durations];
  return <Section {...{ services, comparison, rows }} title={trans.__('Timing')} part="timing" />;
}
