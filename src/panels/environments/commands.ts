import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  checkIcon,
  copyIcon,
  deleteIcon,
  launcherIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import { notebookIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { environmentActions } from './actions';

export function environmentCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof environmentActions>[] {
  const noun = 'environment';
  return [
    {
      id: 'nbyard:create-environment',
      label: trans.__('New Environment…'),
      caption: trans.__('Install packages with their own kernel'),
      icon: addIcon
    },
    {
      id: 'nbyard:capture-kernel',
      label: trans.__('Capture Kernel as Environment…'),
      caption: trans.__('Create an environment with the packages of this kernel'),
      icon: copyIcon,
      noun: 'kernel'
    },
    {
      id: 'nbyard:open-environment',
      label: trans.__('Open Environment'),
      icon: launcherIcon,
      noun
    },
    { id: 'nbyard:install-packages', label: trans.__('Install Packages…'), icon: addIcon, noun },
    {
      id: 'nbyard:show-environment-versions',
      act: 'showVersions',
      label: trans.__('Environment Versions'),
      icon: launcherIcon,
      noun
    },
    {
      id: 'nbyard:notebook-with-environment',
      label: trans.__('New Notebook with Environment'),
      caption: trans.__('Create a notebook with the kernel of the environment'),
      icon: notebookIcon,
      noun
    },
    {
      id: 'nbyard:use-environment',
      label: trans.__('Use Here'),
      caption: trans.__('Restart the open notebook with the kernel of the environment'),
      icon: refreshIcon,
      noun,
      notebook: true
    },
    { id: 'nbyard:copy-kernel-name', label: trans.__('Copy Kernel Name'), icon: copyIcon, noun },
    {
      id: 'nbyard:make-default-environment',
      act: 'makeDefault',
      label: trans.__('Make Default'),
      caption: trans.__('Use it for nodes that name no environment, here or in the active project'),
      icon: checkIcon,
      noun
    },
    {
      id: 'nbyard:delete-environment',
      label: trans.__('Delete Environment…'),
      icon: deleteIcon,
      noun
    }
  ];
}
