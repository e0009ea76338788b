import { TranslationBundle } from '@jupyterlab/translation';
import { bellIcon } from '@jupyterlab/ui-components';
import { scheduleIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { channelActions } from '../channels/actions';
import type { automationActions } from './actions';
import type { backfillActions } from './backfills/actions';

/** The files that automations run. */
const CODE_FILES = ['.nbflow', '.ipynb', '.py', '.sh', '.R'];

export function automationCommands(
  trans: TranslationBundle
): IPanelCommand<
  keyof typeof automationActions | keyof typeof backfillActions | keyof typeof channelActions
>[] {
  const noun = 'automation';
  return [
    { id: 'nbyard:show-channels', label: trans.__('Notifications…'), icon: bellIcon },
    {
      id: 'nbyard:schedule-file',
      label: trans.__('Schedule…'),
      caption: trans.__('Run this file at set times'),
      icon: scheduleIcon,
      files: CODE_FILES,
      front: true
    },
    { id: 'nbyard:trigger-file', label: trans.__('Trigger…'), files: CODE_FILES, front: true },
    { id: 'nbyard:schedule-run', label: trans.__('Schedule Run…'), noun: 'run' },
    { id: 'nbyard:fire-automation', label: trans.__('Run Now'), noun },
    { id: 'nbyard:edit-automation', label: trans.__('Edit Automation…'), noun },
    { id: 'nbyard:backfill-automation', label: trans.__('Backfill…'), noun },
    { id: 'nbyard:enable-automation', label: trans.__('Enable Automation'), noun },
    { id: 'nbyard:disable-automation', label: trans.__('Disable Automation'), noun },
    { id: 'nbyard:delete-automation', label: trans.__('Delete Automation…'), noun }
  ];
}
