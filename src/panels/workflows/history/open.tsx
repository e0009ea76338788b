import { PathExt } from '@jupyterlab/coreutils';
import { Signal } from '@lumino/signaling';
import { workflowIcon } from '../../../icons/startup';
import { showItem } from '../../frame/itemView';
import { IPanelServices, IRestoredArgs } from '../../frame/services';
import HistoryView from './HistoryView';

/** Open the history of a workflow; the id of its target is the path of the file. */
export function openHistory(
  services: IPanelServices,
  [path]: string[],
  _?: readonly File[],
  args: IRestoredArgs = {}
): void {
  const target = args.target ?? { id: services.app.serviceManager.contents.localPath(path) };
  const name = services.trans.__('History of %1', PathExt.basename(target.id ?? path));
  showItem(services, target, {
    noun: 'history',
    icon: workflowIcon,
    label: name,
    collection: { changed: new Signal<object, void>({}), find: () => ({ name }) },
    draw: ({ target: { id = '' } }) => <HistoryView services={services} path={id} />
  });
}
