/** What a request to an operation consists of. */
export const BASE = 'nbyard/api';

export interface IPlainQuestion {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** Send the request even if the page closes meanwhile. */
  keepalive?: boolean;
}
