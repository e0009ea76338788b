import { PathExt } from '@jupyterlab/coreutils';
import { otherIcon } from '../../icons/items';
import { showItem } from '../frame/itemView';
import { IExecutableTarget, IPanelServices } from '../frame/services';
import ExecutableView from './ExecutableView';

export function openExecutable(services: IPanelServices, target: IExecutableTarget): void {
  const { yard, trans } = services;
  showItem<IExecutableTarget>(services, target, {
    noun: 'executable',
    icon: otherIcon,
    label:
      PathExt.basename(target.path ?? '') ||
      (target.upload ? trans.__('New Executable') : trans.__('Executable')),
    collection: yard.executables,
    key: ({ path, upload }) => path ?? upload,
    draw: panel => (
      <ExecutableView
        services={services}
        target={panel.target}
        onRegistered={({ id }) => (panel.target = { id, isNew: true })}
      />
    )
  });
}
