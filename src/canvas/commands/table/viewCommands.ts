/** Commands that change the view. */
import { TranslationBundle } from '@jupyterlab/translation';
import { fitIcon, inspectorIcon, outlineIcon, paletteIcon } from '../../../icons/startup';
import { hasMinimap, mayHaveMinimap } from '../../stage/minimap';
import { ICanvasCommand } from './command';

export function viewCommands(trans: TranslationBundle): ICanvasCommand[] {
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
      caption: trans.__('Inspector: settings of the selected node, or of the workflow'),
      icon: inspectorIcon,
      toggled: canvas => canvas.ui.inspector,
      run: canvas => canvas.showInspector(!canvas.ui.inspector)
    },
    {
      id: 'nbyard:toggle-outline',
      label: trans.__('Show as Table'),
      icon: outlineIcon,
      toggled: canvas => canvas.ui.outline,
      run: canvas => canvas.toggleOutline()
    },
    {
      id: 'nbyard:toggle-minimap',
      label: trans.__('Show Minimap'),
      caption: trans.__('Show or hide the minimap of a workflow with 8 to 1,000 nodes'),
      allowed: mayHaveMinimap,
      toggled: hasMinimap,
      run: canvas => canvas.set({ minimap: !hasMinimap(canvas) })
    },
    {
      id: 'nbyard:fit-workflow',
      label: trans.__('Fit Workflow into View'),
      icon: fitIcon,
      run: (canvas, { navigation }) => navigation.fit(canvas, { isWhole: true })
    },
    { id: 'nbyard:zoom-in', label: trans.__('Zoom In'), run: canvas => canvas.flow?.zoomIn() },
    { id: 'nbyard:zoom-out', label: trans.__('Zoom Out'), run: canvas => canvas.flow?.zoomOut() },
    {
      id: 'nbyard:show-canvas-keys',
      label: trans.__('Show Canvas Shortcuts'),
      run: (canvas, { showKeys }) => showKeys(canvas)
    }
  ];
}
