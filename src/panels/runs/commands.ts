import { TranslationBundle } from '@jupyterlab/translation';
import { runsIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { comparisonActions } from './comparison/actions';

export function runCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof comparisonActions>[] {
  return [
    {
      id: 'nbyard:open-comparison',
      act: 'openComparison',
      label: trans.__('Compare Runs'),
      caption: trans.__('Show runs side by side'),
      icon: runsIcon,
      args: { id: trans.__('The IDs of the runs, separated by commas') }
    },
    {
      id: 'nbyard:compare-with-previous',
      act: 'compareWithPrevious',
      label: trans.__('Compare With Previous Run'),
      caption: trans.__('Show this run beside the run of the same file before it'),
      noun: 'run'
    }
  ];
}
