import { Signal } from '@lumino/signaling';
import { Run } from '../../../api/types';
import { runsIcon } from '../../../icons/startup';
import { showItem } from '../../frame/itemView';
import { IPanelServices, ITarget } from '../../frame/services';
import ComparisonView from './ComparisonView';

/** Open the comparison of runs; the id of the target has their IDs, separated by commas. */
export function openComparison(services: IPanelServices, target: ITarget): void {
  const { trans } = services;
  const ids = (target.id ?? '').split(',');
  const changed = new Signal<object, void>({});
  let name = '';
  const onFound = (runs: readonly Run[]) => {
    name = trans.__('Runs %1', runs.map(({ number }) => number).join(', '));
    changed.emit();
  };
  showItem(services, target, {
    noun: 'comparison',
    icon: runsIcon,
    label: trans.__('Compare runs'),
    collection: { changed, find: () => (name ? { name } : undefined) },
    draw: () => <ComparisonView services={services} ids={ids} onFound={onFound} />
  });
}
