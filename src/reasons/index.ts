export { isReason, reasonText, reasonsText } from './text';
export type { Reason } from './text';
