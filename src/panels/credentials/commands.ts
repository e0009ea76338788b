import { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, deleteIcon, editIcon } from '@jupyterlab/ui-components';
import { IPanelCommand } from '../frame/command';
import type { credentialActions } from './actions';

export function credentialCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof credentialActions>[] {
  return [
    {
      id: 'nbyard:create-credential',
      label: trans.__('New Credential…'),
      caption: trans.__('Store a token, password or login under a name'),
      icon: addIcon
    },
    {
      id: 'nbyard:replace-credential',
      label: trans.__('Replace Credential…'),
      icon: editIcon,
      noun: 'credential'
    },
    {
      id: 'nbyard:delete-credential',
      label: trans.__('Delete Credential…'),
      icon: deleteIcon,
      noun: 'credential'
    }
  ];
}
