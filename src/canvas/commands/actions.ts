/** The code of the commands, which is fetched with the canvas. */
export * as aligning from '../arrange/align';
export * as comments from '../arrange/comments';
export * as connecting from '../model/connecting';
export { grouping } from '../groups/grouping';
export * as editing from '../model/editing';
export * as navigation from '../stage/navigation';
export { showForecast } from '../forecast/showForecast';
export { tidy } from '../stage/tidy';
export { clipboard } from './clipboard';
export { connectAutomatically } from './connectAutomatically';
export { showKeys } from './KeySheet';
export * as modes from './modes';
export * as pinning from './pinning';
export * as prompts from './prompts';
export { showRunMenu } from './runMenu';
export * as running from './running';
