import { TranslationBundle } from '@jupyterlab/translation';
import { clearIcon } from '@jupyterlab/ui-components';
import { runsIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { cleaningActions } from './cleaning/actions';
import type { comparisonActions } from './comparison/actions';
import type { exportActions } from './exporting/actions';
import type { pageActions } from './page/open';

export function runCommands(
  trans: TranslationBundle
): IPanelCommand<
  | keyof typeof comparisonActions
  | keyof typeof cleaningActions
  | keyof typeof exportActions
  | keyof typeof pageActions
>[] {
  const noun = 'run';
  return [
    {
      id: 'nbyard:open-comparison',
      label: trans.__('Compare Runs'),
      icon: runsIcon,
      args: { id: trans.__('The IDs of the runs, separated by commas') }
    },
    { id: 'nbyard:compare-with-previous', label: trans.__('Compare With Previous Run'), noun },
    { id: 'nbyard:clean-up-runs', label: trans.__('Clean Up…'), icon: clearIcon },
    { id: 'nbyard:export-run', label: trans.__('Export…'), noun },
    { id: 'nbyard:tag-run', label: trans.__('Tag…'), noun },
    { id: 'nbyard:open-runs', label: trans.__('Open Runs as Page'), icon: runsIcon },
    { id: 'nbyard:keep-run', label: trans.__('Keep or Stop Keeping'), noun }
  ];
}
