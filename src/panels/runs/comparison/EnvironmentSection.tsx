import { IComparedProps, rowId, titleOf } from './compared';
import { ISideRow, Section, SideTable } from './SideTable';

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
      title={trans.__('Environment')}
      equal={comparison.equal.environment}
      services={services}
      isEmpty={!rows.length}
    >
      <SideTable
        services={services}
        comparison={comparison}
        label={trans.__('Environment')}
        rows={rows}
      />
    </Section>
  );
}
