/** The code of the canvas, which is fetched when a workflow is first shown. */
import '../../style/base.css';
export * as connecting from './model/connecting';
export * as declaring from './model/declaring';
export * as editing from './model/editing';
export * as navigation from './stage/navigation';
export * as pinning from './pinning';
export * as prompts from './prompts';
export * as running from './running';
export { clipboard } from './clipboard';
export { showRunMenu } from './runMenu';
export { showKeys } from './KeySheet';
export { Canvas } from './Canvas';
export { CanvasController } from './model/controller';
