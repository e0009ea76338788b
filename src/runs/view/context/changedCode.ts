import { Contents } from '@jupyterlab/services';
import { useEffect, useRef, useState } from 'react';
import { isLive, RunDetail } from '../../../api/types';
import { unsavedCode, watchDocuments } from '../../../api/documents/saveDocuments';
import { useChanges } from '../../../components/hooks/useChanges';
import { codeOfRun, failedVersions, hasChangedCode } from '../../model/changedCode';
import { useServices } from './hooks';

/**
 * Return whether the code of a failed task changed since its run, or a document that a rerun saves has
 * changes; a retry uses the old code.
 */
export function useChangedCode(detail: RunDetail): boolean {
  const { app, yard, contents } = useServices();
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
      const { current: detail } = known;
      const unsaved = await unsavedCode({ app, yard }, codeOfRun(detail));
      const isChanged =
        unsaved.length > 0 || (await hasChangedCode({ yard, contents }, detail, asked.split(',')));
      if (!gone) {
        setChanged(isChanged);
      }
    };
    const look = () => void ask();
    const onFile = (_: unknown, { type }: Contents.IChangedArgs) => {
      if (type === 'save') {
        look();
      }
    };
    look();
    contents.fileChanged.connect(onFile);
    const end = watchDocuments(app, look);
    window.addEventListener('focus', look); // another program may have saved the file
    return () => {
      gone = true;
      contents.fileChanged.disconnect(onFile);
      window.removeEventListener('focus', look);
      end();
    };
  }, [app, yard, contents, asked, turn]);
  return changed;
}
