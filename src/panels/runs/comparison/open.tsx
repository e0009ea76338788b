import { runsIcon } from '../../../icons/startup';
import { showItem } from '../../frame/itemView';
import { IPanelServices, ITarget } from '../../frame/services';
import ComparisonView from './ComparisonView';

/** Open the comparison of runs; the id of the target has their IDs, separated by commas. */
export function openComparison(services: IPanelServices, target: ITarget): void {
  const { yard, trans } = services;
  const ids = (target.id ?? '').split(',');
  const numberOf = (id: string) => yard.runs.find(id)?.number;
  const numbers = ids.map(numberOf);
  const known = numbers.every(number => number !== undefined);
  showItem(services, target, {
    noun: 'comparison',
    icon: runsIcon,
    label: known
      ? trans.__('Runs %1', numbers.sort((a, b) => a! - b!).join(', '))
      : trans.__('Compare runs'),
    collection: { changed: yard.runs.changed, find: () => undefined },
    draw: () => <ComparisonView services={services} ids={ids} />
  });
}
