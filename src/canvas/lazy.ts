/** The code of the canvas, which is fetched when a workflow is first shown. */
import '../../style/base.css';
export * as actions from './commands/actions';
export { Canvas } from './Canvas';
export { Forecast } from './forecast/forecast';
export { CanvasController } from './model/controller';
export { guardSave } from '../document/conflict';
export { followDisk } from '../document/followDisk';
