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
      act: 'createCredential',
      label: trans.__('New Credential…'),
      caption: trans.__('Store a token, password or login under a name'),
      icon: addIcon
    },
    {
      id: 'nbyard:replace-credential',
      act: 'replaceCredential',
      label: trans.__('Replace Credential…'),
      icon: editIcon,
      noun: 'credential'
    },
    {
      id: 'nbyard:delete-credential',
      act: 'deleteCredential',
      label: trans.__('Delete Credential…'),
      icon: deleteIcon,
      noun: 'credential'
    }
  ];
}
