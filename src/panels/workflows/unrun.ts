/** Workflow files that never ran; the server lists those below its root. */
import { IDocumentWidget } from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { FocusTracker, Widget } from '@lumino/widgets';
import { useEffect, useState } from 'react';
import { belowRoot } from '../../api/paths';
import { Workflow, WorkflowFile } from '../../api/types';
import { IYard } from '../../api/yard';
import { useSignal } from '../../components/hooks/useSignal';
import { EXTENSION } from '../../document/fileType';
import { openSections } from '../frame/openSections';
import { IPanelServices } from '../frame/services';

/** Changes of files within this time, in milliseconds, lead to one request. */
const GATHER = 300;

export interface IUnrun {
  /** The files, newest first. */
  readonly files: readonly WorkflowFile[];
  /** The paths of files that were pushed, by the ID of the pushed workflow. */
  readonly places: ReadonlyMap<string, string>;
  /** Why the last request failed. */
  readonly problem?: string;
}

/**
 * Return the workflow files without a run; updated while visible when files or runs change, a
 * workflow comes to the front or a section is opened: the server and shells create files, too.
 */
export function useUnrun({ app, yard }: IPanelServices, isVisible: boolean): IUnrun {
  const [unrun, setUnrun] = useState<Omit<IUnrun, 'places'>>({ files: [] });
  useEffect(() => {
    if (!isVisible) {
      return;
    }
    const { contents } = app.serviceManager;
    const { currentChanged } = app.shell;
    const control = new AbortController();
    let timer: number | undefined;
    let hasFailed = false;
    let known = placesOf(yard);
    const read = () => {
      timer = undefined;
      yard.client.call('workflows.unrun', { signal: control.signal }).then(
        ({ items }) => {
          hasFailed = false;
          setUnrun({ files: items });
        },
        ({ message }: Error) => {
          if (!control.signal.aborted) {
            hasFailed = true;
            setUnrun(({ files }) => ({ files, problem: message }));
          }
        }
      );
    };
    const later = () => (timer ??= window.setTimeout(read, GATHER));
    const onFile = (_: Contents.IManager, { oldValue, newValue }: Contents.IChangedArgs) => {
      if ([oldValue?.path, newValue?.path].some(path => path?.endsWith(EXTENSION))) {
        later();
      }
    };
    const onFront = (_: unknown, { newValue }: FocusTracker.IChangedArgs<Widget>) => {
      const context = (newValue as Partial<IDocumentWidget> | null)?.context;
      if (context?.path.endsWith(EXTENSION)) {
        later();
      }
    };
    // most changes are the start of a reload, or runs of workflows that ran before
    const onRan = () => {
      const places = placesOf(yard);
      if (places !== undefined && ((known !== undefined && places !== known) || hasFailed)) {
        later();
      }
      known = places ?? known;
    };
    read();
    contents.fileChanged.connect(onFile);
    currentChanged?.connect(onFront);
    openSections.changed.connect(later);
    yard.workflows.changed.connect(onRan);
    return () => {
      control.abort();
      window.clearTimeout(timer);
      contents.fileChanged.disconnect(onFile);
      currentChanged?.disconnect(onFront);
      openSections.changed.disconnect(later);
      yard.workflows.changed.disconnect(onRan);
    };
  }, [app, yard, isVisible]);
  const ran = useSignal(yard.workflows.changed, () => yard.workflows.items);
  // the first run of a file is known before the files are listed again
  const known = new Set(ran.map(placeOf));
  const files = unrun.files.filter(({ path }) => !known.has(path));
  const places = new Map<string, string>();
  for (const { id } of ran) {
    const file = files.find(({ pushed_id }) => pushed_id === id);
    if (file) {
      places.set(id, file.path);
    }
  }
  const pushed = new Set(places.values());
  return { ...unrun, places, files: files.filter(({ path }) => !pushed.has(path)) };
}

/** Return the path of a workflow's file, relative to the server's root where it is below it. */
export function placeOf({ path }: Workflow): string {
  return belowRoot(path) ?? path;
}

/** Return which workflows ran and where their files are; undefined before they are loaded. */
function placesOf({ workflows }: IYard): string | undefined {
  return workflows.state === 'ready'
    ? JSON.stringify(workflows.items.map(({ id, path }) => [id, path]).sort())
    : undefined;
}
