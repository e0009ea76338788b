import { showSeconds } from '../../../components/format/times';
import { IComparedProps } from './compared';
import { Section, SideTable } from './SideTable';

/** The durations of the runs and of their nodes. */
export function TimingSection({ services, found }: IComparedProps): JSX.Element {
  const { trans } = services;
  const rows = found.timing.map(({ node, seconds, cached, differs }) => ({
    key: node,
    name: node || trans.__('whole run'),
    cells: seconds.map((value, at) =>
      cached[at] ? trans.__('cached') : value !== null && showSeconds(value)
    ),
    differs
  }));
  return (
    <Section
      title={trans.__('Timing')}
      equal={found.equal.timing}
      services={services}
      isEmpty={!rows.length}
    >
      <SideTable services={services} found={found} label={trans.__('Timing')} rows={rows} />
    </Section>
  );
}
