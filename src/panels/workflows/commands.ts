import { TranslationBundle } from '@jupyterlab/translation';
import { launcherIcon } from '@jupyterlab/ui-components';
import { penguinIcon, workflowIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { workflowActions } from './actions';

export function workflowCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof workflowActions>[] {
  return [
    {
      id: 'nbyard:create-example',
      label: trans.__('Try the Penguins Example'),
      caption: trans.__('Copy a workflow with its files into a new folder, and open it'),
      icon: penguinIcon,
      inFolder: true
    },
    {
      id: 'nbyard:open-gallery',
      label: trans.__('New Workflow from Template…'),
      icon: workflowIcon,
      inFolder: true
    },
    {
      id: 'nbyard:workflow-from-folder',
      act: 'workflowFromFiles',
      label: trans.__('New Workflow from This Folder'),
      caption: trans.__('Connect notebooks and scripts by the files that they write and read'),
      icon: workflowIcon,
      inFolder: true
    },
    {
      id: 'nbyard:workflow-from-files',
      label: trans.__('New Workflow from These Files'),
      icon: workflowIcon,
      files: ['.ipynb', '.py']
    },
    {
      id: 'nbyard:open-history',
      label: trans.__('Show History'),
      caption: trans.__('Show, compare and restore versions of the workflow'),
      icon: workflowIcon,
      files: ['.nbflow'],
      front: true
    },
    {
      id: 'nbyard:open-workflow',
      label: trans.__('Open Workflow'),
      icon: launcherIcon,
      noun: 'workflow'
    }
  ];
}
