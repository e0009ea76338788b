import { TranslationBundle } from '@jupyterlab/translation';
import { IPanelCommand } from '../frame/command';
import type { projectActions } from './open';

export function projectCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof projectActions>[] {
  return [
    {
      id: 'nbyard:open-project',
      label: trans.__('Open Project'),
      args: { id: trans.__('The ID of the project') }
    },
    {
      id: 'nbyard:share',
      label: trans.__('Share…'),
      args: { noun: trans.__('The kind of the resource'), id: trans.__('The ID of the resource') }
    }
  ];
}
