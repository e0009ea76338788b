import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  deleteIcon,
  downloadIcon,
  launcherIcon
} from '@jupyterlab/ui-components';
import { IPanelCommand } from '../frame/command';
import type { artifactActions } from './actions';

export function artifactCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof artifactActions>[] {
  const noun = 'artifact';
  return [
    {
      id: 'nbyard:create-artifact',
      label: trans.__('New Artifact…'),
      caption: trans.__('Run an executable once and store its outputs'),
      icon: addIcon
    },
    { id: 'nbyard:open-artifact', label: trans.__('Open Artifact'), icon: launcherIcon, noun },
    { id: 'nbyard:download-artifact', label: trans.__('Download'), icon: downloadIcon, noun },
    { id: 'nbyard:copy-artifact', label: trans.__('Create Another…'), icon: copyIcon, noun },
    { id: 'nbyard:delete-artifact', label: trans.__('Delete Artifact…'), icon: deleteIcon, noun }
  ];
}
