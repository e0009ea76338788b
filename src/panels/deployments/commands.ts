import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  deleteIcon,
  editIcon,
  launcherIcon,
  linkIcon,
  refreshIcon,
  runIcon,
  stopIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import { MODEL_FILES } from '../../document/called';
import { deployIcon, rocketIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { deploymentActions } from './actions';

export function deploymentCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof deploymentActions>[] {
  const noun = 'deployment';
  return [
    {
      id: 'nbyard:create-deployment',
      label: trans.__('New Deployment…'),
      caption: trans.__('Start an image as a service and link to it'),
      icon: addIcon
    },
    {
      id: 'nbyard:choose-model',
      label: trans.__('Deploy a Model'),
      caption: trans.__('Choose a model of your runs, an image or a class, and serve it'),
      icon: rocketIcon
    },
    {
      id: 'nbyard:deploy-output',
      label: trans.__('Deploy Output…'),
      tile: trans.__('Deploy'),
      caption: trans.__('Serve this output of a run as a model'),
      icon: deployIcon,
      args: {
        run: trans.__('The id of the run'),
        output: trans.__('The task and its output, such as “train.model”')
      }
    },
    {
      id: 'nbyard:deploy-class',
      label: trans.__('Deploy Model Class…'),
      caption: trans.__('Serve a class of this file that has a predict method'),
      icon: deployIcon,
      files: ['.py'],
      front: true
    },
    {
      id: 'nbyard:deploy-model',
      act: 'deployClass',
      label: trans.__('Deploy Model…'),
      caption: trans.__('Serve the model that this file describes'),
      icon: deployIcon,
      files: MODEL_FILES,
      front: true
    },
    {
      id: 'nbyard:open-deployment',
      label: trans.__('Open Deployment'),
      caption: trans.__('State, log, revisions and configuration of the deployment'),
      icon: launcherIcon,
      noun
    },
    {
      id: 'nbyard:visit-deployment',
      label: trans.__('Visit Deployment'),
      caption: trans.__('Open its first link in a tab of the browser'),
      icon: linkIcon,
      noun
    },
    { id: 'nbyard:start-deployment', label: trans.__('Start Deployment'), icon: runIcon, noun },
    {
      id: 'nbyard:stop-deployment',
      label: trans.__('Stop Deployment'),
      caption: trans.__('Stop the deployment; it can be started again unchanged'),
      icon: stopIcon,
      noun
    },
    {
      id: 'nbyard:extend-deployment',
      label: trans.__('Extend Deployment'),
      icon: refreshIcon,
      noun
    },
    {
      id: 'nbyard:edit-deployment',
      label: trans.__('Edit Deployment…'),
      caption: trans.__('Edit the deployment; the new revision takes over once it responds'),
      icon: editIcon,
      noun
    },
    {
      id: 'nbyard:roll-back-deployment',
      label: trans.__('Roll Back Deployment…'),
      caption: trans.__('Choose a revision to roll back to'),
      icon: undoIcon,
      noun
    },
    {
      id: 'nbyard:delete-deployment',
      label: trans.__('Delete Deployment…'),
      icon: deleteIcon,
      noun
    }
  ];
}
