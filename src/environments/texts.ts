/** Describes environments in the words of the interface. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../api/client';
import { Environment, EnvironmentVersion, PackageChange } from '../api/types';
import { showBytes } from '../components/format/bytes';

/** Return the state as it is shown. */
export function stateOf({ state }: EnvironmentVersion): string {
  return state === 'ready' ? 'installed' : state;
}

export function isUnderWay({ state }: EnvironmentVersion): boolean {
  return state === 'queued' || state === 'building';
}

/** "33 packages · 45.0 MB". */
export function sizeOf(version: EnvironmentVersion, trans: TranslationBundle): string {
  const { packages, size_bytes } = version;
  const count = packages.length;
  return [
    !!count && trans._n('%1 package', '%1 packages', count),
    typeof size_bytes === 'number' && showBytes(size_bytes)
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Return what is still installed after the newest version failed. */
export function stillInstalledText({ installed }: Environment, trans: TranslationBundle): string {
  return installed
    ? trans.__('The environment is unchanged: version %1 is installed.', installed)
    : trans.__(
        'No version is installed. Correct the packages and try again, or delete the environment.'
      );
}

/** Return the messages of a refusal of packages, with their lines if known. */
export function refusedPackages(error: unknown, trans: TranslationBundle): string[] {
  if (!(error instanceof ApiError)) {
    return [(error as Error).message];
  }
  const { message, hint, details } = error;
  return details.length ? details.map(detail => inLine(detail, trans)) : [sentences(message, hint)];
}

/** Return a message with the line that it is about. */
export function inLine(
  { path, message }: { path: string; message: string },
  trans: TranslationBundle
): string {
  const line = /\.(\d+)$/.exec(path)?.[1];
  return line ? trans.__('Line %1: %2', line, message) : message;
}

/** Join the parts, each with a full stop. */
export function sentences(...parts: string[]): string {
  return parts
    .filter(Boolean)
    .map(part => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(' ');
}

/** "2 added, 1 changed". */
export function summary(changes: readonly PackageChange[], trans: TranslationBundle): string {
  const count = (kind: string) => changes.filter(change => kindOf(change) === kind).length;
  const [added, changed, removed] = ['added', 'changed', 'removed'].map(count);
  return [
    !!added && trans.__('%1 added', added),
    !!changed && trans.__('%1 changed', changed),
    !!removed && trans.__('%1 removed', removed)
  ]
    .filter(Boolean)
    .join(', ');
}

export function kindOf({ old, new: now }: PackageChange): 'added' | 'changed' | 'removed' {
  return !old ? 'added' : !now ? 'removed' : 'changed';
}
