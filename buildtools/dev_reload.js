// Part of the bundle of ./dev only.
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const RETRY_MS = 300;

const settings = ServerConnection.makeSettings();
const address = URLExt.join(settings.baseUrl, 'nbyard-dev', 'build');
const extensions = JSON.parse(PageConfig.getOption('federated_extensions'));
const { load } = extensions.find(extension => extension.name === 'nbyard');

/** Reload the page after a new bundle, a new settings schema or a restart of the server. */
export async function follow(server = '') {
  const query = URLExt.objectToQueryString({ load, server });
  try {
    // the server answers when it has something else, or after a while
    const answer = await ServerConnection.makeRequest(address + query, {}, settings);
    const now = await answer.json();
    if (answer.ok && (now.load !== load || (server && now.server !== server))) {
      location.reload();
    } else {
      setTimeout(follow, answer.ok ? 0 : RETRY_MS, now.server ?? server);
    }
  } catch {
    setTimeout(follow, RETRY_MS, server); // the server restarts
  }
}
