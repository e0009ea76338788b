import { showMoment, showSeconds } from '../../../components/format/times';
import { IComparedProps, titleOf } from './compared';
import { Section, SideTable } from './SideTable';

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
    differs
  }));
  const rows = [started, ...durations];
  return (
    <Section
      title={trans.__('Timing')}
      equal={comparison.equal.timing}
      services={services}
      isEmpty={false}
    >
      <SideTable
        services={services}
        comparison={comparison}
        label={trans.__('Timing')}
        rows={rows}
      />
    </Section>
  );
}
