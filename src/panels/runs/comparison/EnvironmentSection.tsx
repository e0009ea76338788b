import { IComparedProps, rowId } from './compared';
import { ISideRow, Section, SideTable } from './SideTable';

/** Where the nodes ran, and the packages that differ. */
export function EnvironmentSection({ services, found }: IComparedProps): JSX.Element {
  const { trans } = services;
  const rows: ISideRow[] = found.environment.flatMap(({ nodes, names, packages, differs }) => [
    { key: nodes.join(), name: nodes.join(', '), cells: names, differs },
    ...packages.map(({ name, versions }) => ({
      key: `${nodes.join()} ${name}`,
      id: rowId(found, 'package', '', name),
      node: trans.__('package'),
      name,
      cells: versions,
      differs: true
    }))
  ]);
  return (
    <Section
      title={trans.__('Environment')}
      equal={found.equal.environment}
      services={services}
      isEmpty={!rows.length}
    >
      <SideTable services={services} found={found} label={trans.__('Environment')} rows={rows} />
    </Section>
  );
}
