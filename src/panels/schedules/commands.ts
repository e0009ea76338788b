import { TranslationBundle } from '@jupyterlab/translation';
import { bellIcon } from '@jupyterlab/ui-components';
import { scheduleIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { channelActions } from '../channels/actions';
import type { scheduleActions } from './actions';
import type { backfillActions } from '../backfills/actions';

/** The files that schedules and triggers run. */
export const CODE_FILES = ['.nbflow', '.ipynb', '.py', '.sh', '.R'];

export function scheduleCommands(
  trans: TranslationBundle
): IPanelCommand<
  keyof typeof scheduleActions | keyof typeof backfillActions | keyof typeof channelActions
>[] {
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
    {
      id: 'nbyard:schedule-run',
      label: trans.__('Schedule Run…'),
      noun: 'run'
    },
    {
      id: 'nbyard:run-schedule',
      label: trans.__('Run Now'),
      noun: 'schedule'
    },
    {
      id: 'nbyard:edit-schedule',
      label: trans.__('Edit Schedule…'),
      noun: 'schedule'
    },
    {
      id: 'nbyard:backfill-schedule',
      label: trans.__('Backfill…'),
      noun: 'schedule'
    },
    {
      id: 'nbyard:enable-schedule',
      label: trans.__('Enable Schedule'),
      noun: 'schedule'
    },
    {
      id: 'nbyard:disable-schedule',
      label: trans.__('Disable Schedule'),
      noun: 'schedule'
    },
    {
      id: 'nbyard:delete-schedule',
      label: trans.__('Delete Schedule…'),
      noun: 'schedule'
    }
  ];
}
