/** Files in JupyterLab's own folders. */
import { PathExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';

const CHUNK = 6 * 2 ** 20;
const MISSING = 404;

/** Return the paths that exist already. */
export async function existingPaths(
  contents: Contents.IManager,
  folder: string,
  paths: readonly string[]
): Promise<string[]> {
  const parents = new Set(paths.map(path => PathExt.dirname(path)));
  const known = new Set<string>();
  for (const parent of parents) {
    for (const name of await namesIn(contents, PathExt.join(folder, parent))) {
      known.add(PathExt.join(parent, name));
    }
  }
  return paths.filter(path => known.has(path));
}

/** Return the names in a folder; nothing if there is no such folder. */
export async function namesIn(contents: Contents.IManager, path: string): Promise<string[]> {
  try {
    const model = await contents.get(path, { content: true });
    const items = model.type === 'directory' ? (model.content as Contents.IModel[]) : [];
    return items.map(({ name }) => name);
  } catch (error) {
    if (error instanceof ServerConnection.ResponseError && error.response.status === MISSING) {
      return [];
    }
    throw error;
  }
}

/** Write in pieces like the file browser, because requests have a maximum size. */
export async function writeFile(
  contents: Contents.IManager,
  path: string,
  blob: Blob
): Promise<void> {
  const count = Math.max(1, Math.ceil(blob.size / CHUNK));
  for (let at = 0; at < count; at++) {
    const content = await base64(blob.slice(at * CHUNK, (at + 1) * CHUNK));
    const chunk = at === count - 1 ? -1 : at + 1;
    const model: Partial<Contents.IModel> & { chunk?: number } = {
      type: 'file',
      format: 'base64',
      content,
      ...(count > 1 && { chunk })
    };
    await contents.save(path, model);
  }
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).split(',')[1] ?? '');
    reader.onerror = () => reject(reader.error!);
    reader.readAsDataURL(blob);
  });
}
