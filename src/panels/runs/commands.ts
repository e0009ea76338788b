import { TranslationBundle } from '@jupyterlab/translation';
import { clearIcon } from '@jupyterlab/ui-components';
import { runsIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { cleaningActions } from './cleaning/actions';
import type { comparisonActions } from './comparison/actions';
import type { exportActions } from './exporting/actions';

export function runCommands(
  trans: TranslationBundle
): IPanelCommand<
  keyof typeof comparisonActions | keyof typeof cleaningActions | keyof typeof exportActions
>[] {
  return [
    {
      id: 'nbyard:open-comparison',
      act: 'openComparison',
      label: trans.__('Compare Runs'),
      icon: runsIcon,
      args: { id: trans.__('The IDs of the runs, separated by commas') }
    },
    {
      id: 'nbyard:compare-with-previous',
      act: 'compareWithPrevious',
      label: trans.__('Compare With Previous Run'),
      noun: 'run'
    },
    {
      id: 'nbyard:clean-up-runs',
      act: 'cleanUpRuns',
      label: trans.__('Clean Up…'),
      icon: clearIcon
    },
    {
      id: 'nbyard:export-run',
      label: trans.__('Export…'),
      noun: 'run'
    },
    {
      id: 'nbyard:keep-run',
      act: 'keepRun',
      label: trans.__('Keep or Stop Keeping'),
      noun: 'run'
    }
  ];
}
