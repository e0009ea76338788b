import { TranslationBundle } from '@jupyterlab/translation';
import { launcherIcon } from '@jupyterlab/ui-components';
import { IPanelCommand } from '../frame/command';
import type { workflowActions } from './actions';

export function workflowCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof workflowActions>[] {
  return [
    {
      id: 'nbyard:open-workflow',
      act: 'openWorkflow',
      label: trans.__('Open Workflow'),
      icon: launcherIcon,
      noun: 'workflow'
    }
  ];
}
