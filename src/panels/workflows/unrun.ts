/** Workflow files that never ran; the server lists those below its root. */
import { Contents } from '@jupyterlab/services';
import { useEffect, useState } from 'react';
import { WorkflowFile } from '../../api/types';
import { EXTENSION } from '../../document/fileType';
import { IPanelServices } from '../frame/services';

/** Changes of files within this time, in milliseconds, lead to one request. */
const GATHER = 300;

/** Return the workflow files without a run, newest first; updated when files or runs change. */
export function useUnrun({ app, yard }: IPanelServices): readonly WorkflowFile[] {
  const [found, setFound] = useState<readonly WorkflowFile[]>([]);
  useEffect(() => {
    const { contents } = app.serviceManager;
    const control = new AbortController();
    let timer: number | undefined;
    const read = () => {
      timer = undefined;
      yard.client.call('workflows.unrun', { signal: control.signal }).then(
        ({ items }) => setFound(items),
        () => undefined // the list of those that ran shows the reason
      );
    };
    const later = () => (timer ??= window.setTimeout(read, GATHER));
    const onFile = (_: Contents.IManager, { oldValue, newValue }: Contents.IChangedArgs) => {
      if ([oldValue?.path, newValue?.path].some(path => path?.endsWith(EXTENSION))) {
        later();
      }
    };
    read();
    contents.fileChanged.connect(onFile);
    yard.workflows.changed.connect(later);
    return () => {
      control.abort();
      window.clearTimeout(timer);
      contents.fileChanged.disconnect(onFile);
      yard.workflows.changed.disconnect(later);
    };
  }, [app, yard]);
  return found;
}
