/** The code of the canvas, which is fetched when a workflow is first shown. */
import '../../style/base.css';
export * as connecting from './model/connecting';
export * as declaring from './model/declaring';
export * as editing from './model/editing';
export * as navigation from './stage/navigation';
export * as pinning from './commands/pinning';
export * as prompts from './commands/prompts';
export * as running from './commands/running';
export { clipboard } from './commands/clipboard';
export { showRunMenu } from './commands/runMenu';
export { showKeys } from './commands/KeySheet';
export { Canvas } from './Canvas';
export { CanvasController } from './model/controller';
