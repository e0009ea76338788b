import { useEffect, useState } from 'react';
import { IYard } from '../../../api/yard';
import { isLive, RunDetail } from '../../../api/types';
import { useServices } from './hooks';

/** How often the files are compared while the run is visible, in milliseconds. */
const AGAIN = 5000;
/** At most this many executables are asked about. */
const MOST = 8;

/** Return whether the code of a failed task changed since its run; a retry uses the old code. */
export function useChangedCode({ run, tasks }: RunDetail): boolean {
  const { yard } = useServices();
  const [changed, setChanged] = useState(false);
  const failed = isLive(run) ? [] : tasks.filter(one => one.state === 'failed');
  const versions = failed
    .filter(one => one.executable_id)
    .map(one => `${one.executable_id} ${one.executable_version_id}`);
  const asked = [...new Set(versions)].slice(0, MOST).join();
  useEffect(() => {
    setChanged(false);
    if (!asked) {
      return;
    }
    let gone = false;
    const ask = async () => {
      if (!document.hidden) {
        const found = await Promise.all(asked.split(',').map(one => isChanged(yard, one)));
        if (!gone) {
          setChanged(found.includes(true));
        }
      }
    };
    void ask();
    const timer = window.setInterval(() => void ask(), AGAIN);
    return () => {
      gone = true;
      window.clearInterval(timer);
    };
  }, [yard, asked]);
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
