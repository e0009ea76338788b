import { PageConfig, PathExt, URLExt } from '@jupyterlab/coreutils';

/** Return a path of the server's machine relative to the server's root; undefined outside. */
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

/** Return the file of the function `steps.py::clean`; other paths are returned unchanged. */
export function fileOf(path: string): string {
  return path.replace(/(.\.py)::\w*$/i, '$1');
}
