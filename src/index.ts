import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { canvasPlugin } from './canvas/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [canvasPlugin];

export default plugins;
