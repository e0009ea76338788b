/** Commands that move focus and selection. */
import { TranslationBundle } from '@jupyterlab/translation';
import { launcherIcon } from '@jupyterlab/ui-components';
import { problemIcon } from '../../../icons/startup';
import { ICanvasCommand } from './command';

export function navigateCommands(trans: TranslationBundle): ICanvasCommand[] {
  const focus = (direction: 'left' | 'right' | 'up' | 'down', label: string): ICanvasCommand => ({
    id: `nbyard:focus-${direction}`,
    label,
    quiet: true,
    run: (canvas, { navigation }) => navigation.focusDirection(canvas, direction)
  });
  return [
    {
      id: 'nbyard:open-node',
      label: trans.__('Open File'),
      caption: trans.__('Open the file of the node, or the page of its dataset or executable'),
      icon: launcherIcon,
      needs: 'targets',
      allowed: ({ targets }) => targets.length < 2,
      run: (canvas, { prompts }) => prompts.openNode(canvas)
    },
    {
      id: 'nbyard:select-all-nodes',
      label: trans.__('Select All Nodes'),
      run: canvas => canvas.store.select(canvas.store.nodes.map(({ id }) => id))
    },
    {
      id: 'nbyard:inspect-node',
      label: trans.__('Edit Parameters'),
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.inspect(canvas)
    },
    {
      id: 'nbyard:find-node',
      label: trans.__('Find Node…'),
      caption: trans.__('Find a node by name, is:failed or kind:notebook'),
      run: (canvas, { prompts }) => prompts.findNode(canvas)
    },
    {
      id: 'nbyard:next-problem',
      label: trans.__('Go to Next Problem'),
      icon: problemIcon,
      allowed: canvas => canvas.checker.problems.length > 0,
      run: (canvas, { navigation }) => navigation.nextProblem(canvas)
    },
    {
      id: 'nbyard:clear-selection',
      label: trans.__('Clear Selection'),
      quiet: true,
      run: canvas => canvas.clearSelection()
    },
    focus('left', trans.__('Go to Node on the Left')),
    focus('right', trans.__('Go to Node on the Right')),
    focus('up', trans.__('Go to Node Above')),
    focus('down', trans.__('Go to Node Below'))
  ];
}
