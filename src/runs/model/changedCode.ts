/** Tells whether the code of tasks changed since their run. */
import { Task } from '../../api/types';
import { IYard } from '../../api/yard';

/** At most this many executables are asked about at once. */
const MOST = 8;

/** Return the executables and versions of the first failed tasks, each as `id version`. */
export function failedVersions(tasks: readonly Task[]): string[] {
  return versionsOf(tasks.filter(({ state }) => state === 'failed')).slice(0, MOST);
}

/** Return the executables and versions of the tasks that a retry runs, each as `id version`. */
export function retriedVersions(tasks: readonly Task[]): string[] {
  return versionsOf(tasks.filter(({ state }) => state !== 'succeeded'));
}

/** Return whether one of the executables is no longer at its version. */
export async function hasChangedCode(yard: IYard, versions: readonly string[]): Promise<boolean> {
  for (let start = 0; start < versions.length; start += MOST) {
    const asked = versions.slice(start, start + MOST);
    const found = await Promise.all(asked.map(one => isChanged(yard, one)));
    if (found.includes(true)) {
      return true;
    }
  }
  return false;
}

function versionsOf(tasks: readonly Task[]): string[] {
  const versions = tasks
    .filter(one => one.executable_id && one.executable_version_id)
    .map(one => `${one.executable_id} ${one.executable_version_id}`);
  return [...new Set(versions)];
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
