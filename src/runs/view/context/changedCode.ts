import { Contents } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { IYard } from '../../../api/yard';
import { isLive, RunDetail } from '../../../api/types';
import { useChanges } from '../../../components/hooks/useChanges';
import { useServices } from './hooks';

/** At most this many executables are asked about. */
const MOST = 8;

/** Return whether the code of a failed task changed since its run; a retry uses the old code. */
export function useChangedCode({ run, tasks }: RunDetail): boolean {
  const { yard, contents } = useServices();
  const [changed, setChanged] = useState(false);
  const turn = useChanges(yard.stream, 'executable');
  const failed = isLive(run) ? [] : tasks.filter(one => one.state === 'failed');
  const versions = failed
    .filter(one => one.executable_id)
    .map(one => `${one.executable_id} ${one.executable_version_id}`);
  const asked = [...new Set(versions)].slice(0, MOST).join();
  useEffect(() => setChanged(false), [asked]);
  useEffect(() => {
    if (!asked) {
      return;
    }
    let gone = false;
    const ask = async () => {
      const found = await Promise.all(asked.split(',').map(one => isChanged(yard, one)));
      if (!gone) {
        setChanged(found.includes(true));
      }
    };
    const onFile = (_: unknown, { type }: Contents.IChangedArgs) => {
      if (type === 'save') {
        void ask();
      }
    };
    void ask();
    contents.fileChanged.connect(onFile);
    window.addEventListener('focus', ask); // another program may have saved the file
    return () => {
      gone = true;
      contents.fileChanged.disconnect(onFile);
      window.removeEventListener('focus', ask);
    };
  }, [yard, contents, asked, turn]);
  return changed;
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
