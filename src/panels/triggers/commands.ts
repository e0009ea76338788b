import { TranslationBundle } from '@jupyterlab/translation';
import { IPanelCommand } from '../frame/command';
import { CODE_FILES } from '../schedules/commands';
import type { triggerActions } from './actions';

export function triggerCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof triggerActions>[] {
  return [
    {
      id: 'nbyard:trigger-file',
      label: trans.__('Trigger…'),
      files: CODE_FILES,
      front: true
    },
    { id: 'nbyard:fire-trigger', label: trans.__('Fire Now'), noun: 'trigger' },
    {
      id: 'nbyard:edit-trigger',
      label: trans.__('Edit Trigger…'),
      noun: 'trigger'
    },
    { id: 'nbyard:enable-trigger', label: trans.__('Enable Trigger'), noun: 'trigger' },
    { id: 'nbyard:disable-trigger', label: trans.__('Disable Trigger'), noun: 'trigger' },
    {
      id: 'nbyard:delete-trigger',
      label: trans.__('Delete Trigger…'),
      noun: 'trigger'
    }
  ];
}
