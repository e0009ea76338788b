import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { yardPlugin } from './api/plugin';
import { canvasPlugin } from './canvas/plugin';
import { palettePlugin, panelsPlugin } from './panels/plugin';
import { runsPlugin } from './runs/plugin';
import { canvasPlugins } from './runs/canvas/plugins';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  yardPlugin,
  ...canvasPlugins,
  palettePlugin,
  canvasPlugin,
  runsPlugin,
  panelsPlugin
];

// The exports for other extensions that use a service of this one.
export { IYard } from './api/yard';
export {
  IChosenSteps,
  IPaletteSource,
  IRunStatesSource,
  IWorkflowBackend
} from './canvas/model/tokens';
export default plugins;
