/** Tells whether the code of failed tasks changed since their run. */
import { Task } from '../../api/types';
import { IYard } from '../../api/yard';

/** At most this many executables are asked about. */
const MOST = 8;

/** Return the executables and versions of the failed tasks, each as `id version`. */
export function failedVersions(tasks: readonly Task[]): string[] {
  const versions = tasks
    .filter(one => one.state === 'failed' && one.executable_id)
    .map(one => `${one.executable_id} ${one.executable_version_id}`);
  return [...new Set(versions)].slice(0, MOST);
}

/** Return whether one of the executables is no longer at its version. */
export async function hasChangedCode(yard: IYard, versions: readonly string[]): Promise<boolean> {
  const found = await Promise.all(versions.map(one => isChanged(yard, one)));
  return found.includes(true);
}

async function isChanged({ client }: IYard, version: string): Promise<boolean> {
  const [executable, used] = version.split(' ');
  try {
    const found = await client.call('executables.get', { path: { executable } });
    return found.changed || found.current.id !== used;
  } catch {
    return false; // deleted, or the server is away
  }
}
