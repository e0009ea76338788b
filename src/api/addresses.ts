/** Addresses of operations on the server, and downloads; loaded with the first request. */
import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import { BASE, IPlainQuestion, OperationId } from './operations';
import { KEYED, ROUTES } from './routes';

/** Return the method and the path of an operation. */
function routeOf(id: OperationId): string[] {
  const [noun, verb] = id.split('.');
  return ROUTES[noun][verb].split(' ');
}

export function methodOf(id: OperationId): string {
  return routeOf(id)[0];
}

/** The lists that a project limits, unless they ask for the items of one other item. */
const LIMITED =
  /^(artifacts|automations|credentials|datasets|deployments|environments|executables|models|runs|workflows)\.list$/;
const OF_ONE = ['automation', 'executable', 'path', 'workflow'];

interface IClient {
  readonly settings: Pick<ServerConnection.ISettings, 'baseUrl'>;
  readonly project?: string;
}

export function headersOf(
  { project }: Pick<IClient, 'project'>,
  id: OperationId
): Record<string, string> {
  const key = KEYED.has(id) ? UUID.uuid4() : undefined;
  const headers = { 'Idempotency-Key': key, 'Nbyard-Project': project };
  const given = Object.entries(headers).filter((header): header is [string, string] => !!header[1]);
  return Object.fromEntries(given);
}

/** Return the address of an operation, for example of a download. */
export function addressOf(
  { settings, project }: IClient,
  id: OperationId,
  { path = {}, query = {} }: IPlainQuestion
): string {
  const [, route] = routeOf(id);
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? '')
  );
  const isLimited = LIMITED.test(id) && !OF_ONE.some(name => query[name]);
  const given = Object.entries({ project: isLimited ? project : '', ...query }).filter(
    ([, value]) => value !== undefined && value !== null && value !== ''
  );
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return URLExt.join(settings.baseUrl, BASE, filled) + (text ? `?${text}` : '');
}

/** Download what an address returns; without a name of the file, the server sets it. */
export function download(address: string, filename = ''): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = filename;
  link.click();
}
