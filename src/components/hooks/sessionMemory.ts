/**
 * What a page keeps for its own reload: drafts of forms, and what was shown already.
 *
 * It is in `sessionStorage`: a draft belongs to one window, is written at each key without a
 * request, and goes with the window. JupyterLab's state database is shared by all windows of a
 * workspace. Secrets are never stored: callers leave them out.
 */
const PREFIX = 'nbyard:kept:';

/** Return what is stored; undefined without it, or if the storage is closed. */
export function recall<T>(key: string): Partial<T> | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(PREFIX + key) ?? 'null');
    return stored && typeof stored === 'object' ? (stored as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: object): void {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // the storage is full or closed: a reload starts without it
  }
}

/** Delete what is stored under a key and below it. */
export function forget(key: string): void {
  try {
    Object.keys(sessionStorage)
      .filter(each => each === PREFIX + key || each.startsWith(`${PREFIX}${key}/`))
      .forEach(each => sessionStorage.removeItem(each));
  } catch {
    // a closed storage keeps nothing
  }
}
