import { showNumber } from '../../../runs/model/metrics';
import { IComparedProps, rowId } from './compared';
import { Section, SideTable } from './SideTable';
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
    differs
  }));
  return (
    <Section
      title={trans.__('Parameters')}
      equal={comparison.equal.parameters}
      services={services}
      isEmpty={!rows.length}
    >
      <SideTable
        services={services}
        comparison={comparison}
        label={trans.__('Parameters')}
        rows={rows}
      />
    </Section>
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
    differs,
    ...why({ kind: 'metric', node, name, values, differs })
  }));
  return (
    <Section
      title={trans.__('Metrics')}
      equal={comparison.equal.metrics}
      services={services}
      isEmpty={!rows.length}
      none={trans.__('no metrics recorded')}
    >
      <SideTable
        services={services}
        comparison={comparison}
        label={trans.__('Metrics')}
        rows={rows}
      />
    </Section>
  );
}
