import { Contents } from '@jupyterlab/services';
import { useEffect, useRef, useState } from 'react';
import { isLive, RunDetail } from '../../../api/types';
import { useChanges } from '../../../components/hooks/useChanges';
import { failedVersions, hasChangedCode } from '../../model/changedCode';
import { useServices } from './hooks';

/** Return whether the code of a failed task changed since its run; a retry uses the old code. */
export function useChangedCode(detail: RunDetail): boolean {
  const { yard, contents } = useServices();
  const [changed, setChanged] = useState(false);
  const turn = useChanges(yard.stream, 'executable');
  const known = useRef(detail);
  known.current = detail;
  const asked = isLive(detail.run) ? '' : failedVersions(detail.tasks).join();
  useEffect(() => setChanged(false), [asked]);
  useEffect(() => {
    if (!asked) {
      return;
    }
    let gone = false;
    const ask = async () => {
      const isChanged = await hasChangedCode({ yard, contents }, known.current, asked.split(','));
      if (!gone) {
        setChanged(isChanged);
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
