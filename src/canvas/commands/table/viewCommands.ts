/** Commands that change the view and move the focus. */
import { TranslationBundle } from '@jupyterlab/translation';
import {
  fitIcon,
  inspectorIcon,
  outlineIcon,
  paletteIcon,
  problemIcon
} from '../../../icons/startup';
import { ICanvasCommand } from './command';

export function viewCommands(trans: TranslationBundle): ICanvasCommand[] {
  const focus = (direction: 'left' | 'right' | 'up' | 'down', label: string): ICanvasCommand => ({
    id: `nbyard:focus-${direction}`,
    label,
    quiet: true,
    run: (canvas, { navigation }) => navigation.focusDirection(canvas, direction)
  });
  return [
    {
      id: 'nbyard:toggle-palette',
      label: trans.__('Show Datasets and Executables'),
      icon: paletteIcon,
      toggled: canvas => canvas.ui.palette,
      run: canvas => canvas.set({ palette: !canvas.ui.palette })
    },
    {
      id: 'nbyard:toggle-inspector',
      label: trans.__('Show Inspector'),
      caption: trans.__('Show settings of the selected node, or of the workflow'),
      icon: inspectorIcon,
      toggled: canvas => canvas.ui.inspector,
      run: canvas => canvas.showInspector(!canvas.ui.inspector)
    },
    {
      id: 'nbyard:inspect-node',
      label: trans.__('Edit Node Parameters'),
      needs: 'targets',
      run: (canvas, { prompts }) => prompts.inspect(canvas)
    },
    {
      id: 'nbyard:toggle-outline',
      label: trans.__('Show as Table'),
      icon: outlineIcon,
      toggled: canvas => canvas.ui.outline,
      run: canvas => canvas.toggleOutline()
    },
    {
      id: 'nbyard:find-node',
      label: trans.__('Find Node…'),
      caption: trans.__('Find a node by name, is:failed or kind:notebook'),
      run: (canvas, { prompts }) => prompts.findNode(canvas)
    },
    {
      id: 'nbyard:fit-workflow',
      label: trans.__('Fit Workflow into View'),
      icon: fitIcon,
      run: (canvas, { navigation }) => navigation.fit(canvas, { isWhole: true })
    },
    {
      id: 'nbyard:zoom-in',
      label: trans.__('Zoom In'),
      run: canvas => canvas.flow?.zoomIn()
    },
    {
      id: 'nbyard:zoom-out',
      label: trans.__('Zoom Out'),
      run: canvas => canvas.flow?.zoomOut()
    },
    {
      id: 'nbyard:next-problem',
      label: trans.__('Go to Next Problem'),
      icon: problemIcon,
      run: (canvas, { navigation }) => navigation.nextProblem(canvas)
    },
    {
      id: 'nbyard:show-canvas-keys',
      label: trans.__('Show Canvas Shortcuts'),
      run: (canvas, { showKeys }) => showKeys(canvas)
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
