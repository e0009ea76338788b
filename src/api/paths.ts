import { PageConfig, PathExt, URLExt } from '@jupyterlab/coreutils';

/** A path of the server's machine as one below the server's root; undefined where it is not. */
export function belowRoot(path: string): string | undefined {
  if (!path.startsWith('/')) {
    return path || undefined;
  }
  const uri = PageConfig.getOption('rootUri');
  const root = uri
    ? decodeURIComponent(URLExt.parse(uri).pathname)
    : PageConfig.getOption('serverRoot');
  if (!root.startsWith('/')) {
    return undefined;
  }
  const below = PathExt.relative(PathExt.normalize(root), path);
  return below.startsWith('..') ? undefined : below;
}

/** The file in which the function `steps.py::clean` stands; of other code the path itself. */
export function fileOf(path: string): string {
  return path.replace(/(.\.py)::\w*$/i, '$1');
}
