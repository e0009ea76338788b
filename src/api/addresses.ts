/** Map operations to addresses on the server; loaded with the first request. */
import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { OperationId, ROUTES } from './operations';
import { BASE, IPlainQuestion } from './question';

export function methodOf(id: OperationId): string {
  return ROUTES[id][0];
}

/** Return the address of an operation, for example of a download. */
export function addressOf(
  { settings }: { readonly settings: Pick<ServerConnection.ISettings, 'baseUrl'> },
  id: OperationId,
  { path = {}, query = {} }: IPlainQuestion
): string {
  const [, route] = ROUTES[id];
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? '')
  );
  const given = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== ''
  );
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return URLExt.join(settings.baseUrl, BASE, filled) + (text ? `?${text}` : '');
}
