export { firstLine, isReason, knownText, reasonText, reasonsText } from './text';
export type { Reason } from './text';
