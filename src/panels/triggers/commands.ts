import { TranslationBundle } from '@jupyterlab/translation';
import { IPanelCommand } from '../frame/command';
import { CODE_FILES } from '../schedules/commands';
import type { triggerActions } from './actions';

export function triggerCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof triggerActions>[] {
  const noun = 'trigger';
  return [
    {
      id: 'nbyard:trigger-file',
      act: 'triggerFile',
      label: trans.__('Trigger…'),
      files: CODE_FILES,
      front: true
    },
    { id: 'nbyard:fire-trigger', act: 'fireTrigger', label: trans.__('Fire Now'), noun },
    { id: 'nbyard:edit-trigger', act: 'editTrigger', label: trans.__('Edit Trigger…'), noun },
    {
      id: 'nbyard:toggle-trigger',
      act: 'toggleTrigger',
      label: trans.__('Enable or Disable'),
      noun
    },
    { id: 'nbyard:delete-trigger', act: 'deleteTrigger', label: trans.__('Delete Trigger…'), noun }
  ];
}
