/** Tells whether the code of tasks changed since their run. */
import { Contents } from '@jupyterlab/services';
import { belowRoot } from '../../api/paths';
import { codeOf, ICode } from '../../api/documents/saveDocuments';
import { RunDetail, Task } from '../../api/types';
import { IYard } from '../../api/yard';

/** At most this many executables are requested. */
const MOST = 8;

interface ICodeServices {
  yard: IYard;
  contents: Pick<Contents.IManager, 'get'>;
}

/** The part of a workflow file that pins nodes to versions. */
interface IPins {
  nodes?: Record<string, { version?: string }>;
}

/** Return what a rerun reads. */
export function codeOfRun({ run: { path }, tasks }: RunDetail): ICode {
  return codeOf({ path, executable: path ? '' : tasks[0]?.executable_id });
}

/** Return the executables and versions of the first failed tasks, each as `id version`. */
export function failedVersions(tasks: readonly Task[]): string[] {
  return versionsOf(tasks.filter(({ state }) => state === 'failed'));
}

/** Return those of the first tasks that a retry runs; failed tasks come first. */
export function retriedVersions(tasks: readonly Task[]): string[] {
  const failed = tasks.filter(({ state }) => state === 'failed');
  return versionsOf([...failed, ...tasks.filter(({ state }) => state !== 'succeeded')]);
}

/** Return whether a rerun would use newer code than these versions. */
export async function hasChangedCode(
  { yard, contents }: ICodeServices,
  { run, tasks }: RunDetail,
  versions: readonly string[]
): Promise<boolean> {
  const answers = await Promise.all(versions.map(version => isChanged(yard, version)));
  const changed = versions.filter((_, place) => answers[place]);
  if (!changed.length) {
    return false;
  }
  const nodes = await nodesOf(contents, run.path);
  return tasks.some(
    task =>
      task.state !== 'succeeded' &&
      changed.includes(versionOf(task)) &&
      nodes[task.node]?.version !== task.executable_version_id
  );
}

function versionOf({ executable_id, executable_version_id }: Task): string {
  return executable_id && executable_version_id ? `${executable_id} ${executable_version_id}` : '';
}

function versionsOf(tasks: readonly Task[]): string[] {
  return [...new Set(tasks.map(versionOf))].filter(Boolean).slice(0, MOST);
}

async function isChanged({ client }: IYard, version: string): Promise<boolean> {
  const [executable, used] = version.split(' ');
  try {
    const current = await client.call('executables.get', { path: { executable } });
    return current.changed || current.current.id !== used;
  } catch {
    return false; // deleted, or the server is away
  }
}

/** Return the nodes of the workflow as it is now, as a rerun uses them. */
async function nodesOf(
  contents: ICodeServices['contents'],
  file: string
): Promise<NonNullable<IPins['nodes']>> {
  const path = belowRoot(file);
  if (!path || !/\.nbflow$/i.test(path)) {
    return {};
  }
  try {
    const { content } = await contents.get(path, { type: 'file', format: 'text' });
    return (JSON.parse(content) as IPins).nodes ?? {};
  } catch {
    return {}; // the file was moved or deleted
  }
}
