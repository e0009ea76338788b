import { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, copyIcon, deleteIcon, launcherIcon } from '@jupyterlab/ui-components';
import { notebookIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { environmentActions } from './actions';

export function environmentCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof environmentActions>[] {
  return [
    {
      id: 'nbyard:create-environment',
      act: 'createEnvironment',
      label: trans.__('New Library…'),
      caption: trans.__('Install packages, with a kernel of their own'),
      icon: addIcon
    },
    {
      id: 'nbyard:capture-kernel',
      act: 'captureKernel',
      label: trans.__('Capture Kernel as Library…'),
      caption: trans.__('Make a library of the packages of this kernel, in their versions'),
      icon: copyIcon,
      noun: 'kernel'
    },
    {
      id: 'nbyard:open-environment',
      act: 'openEnvironment',
      label: trans.__('Open Library'),
      caption: trans.__('Packages, log and versions of the library'),
      icon: launcherIcon,
      noun: 'environment'
    },
    {
      id: 'nbyard:install-packages',
      act: 'installPackages',
      label: trans.__('Install Packages…'),
      icon: addIcon,
      noun: 'environment'
    },
    {
      id: 'nbyard:show-environment-versions',
      act: 'showVersions',
      label: trans.__('Library Versions'),
      icon: launcherIcon,
      noun: 'environment'
    },
    {
      id: 'nbyard:notebook-with-environment',
      act: 'notebookWithEnvironment',
      label: trans.__('New Notebook with Library'),
      caption: trans.__('A notebook with the kernel of the library'),
      icon: notebookIcon,
      noun: 'environment'
    },
    {
      id: 'nbyard:copy-kernel-name',
      act: 'copyKernelName',
      label: trans.__('Copy Kernel Name'),
      icon: copyIcon,
      noun: 'environment'
    },
    {
      id: 'nbyard:delete-environment',
      act: 'deleteEnvironment',
      label: trans.__('Delete Library…'),
      icon: deleteIcon,
      noun: 'environment'
    }
  ];
}
