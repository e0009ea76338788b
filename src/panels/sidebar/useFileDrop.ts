import { DragEventHandler, useState } from 'react';
import { showProblem } from '../../components/problems';
import { IPanelServices } from '../frame/services';
import { dropped, IFolder } from '../datasets/folders';

const takes = (event: React.DragEvent) => event.dataTransfer.types.includes('Files');

interface IDropHandlers {
  onDragOver: DragEventHandler;
  onDragLeave: DragEventHandler;
  onDrop: DragEventHandler;
}

export interface IFileDrop {
  /** Files are above it. */
  over: boolean;
  handlers: IDropHandlers;
}

/** Call `take` with dropped files and folders of the user's computer. What it throws is shown. */
export function useFileDrop(
  { trans }: IPanelServices,
  take: (files: File[], folders: IFolder[]) => unknown
): IFileDrop {
  const [over, setOver] = useState(false);
  const handlers: IDropHandlers = {
    onDragOver: event => {
      if (takes(event)) {
        event.preventDefault();
        setOver(true);
      }
    },
    onDragLeave: () => setOver(false),
    onDrop: event => {
      setOver(false);
      if (takes(event)) {
        event.preventDefault();
        event.stopPropagation();
        dropped(event.dataTransfer)
          .then(({ files, folders }) => take(files, folders))
          .catch(error => showProblem(trans.__('Not uploaded.'), error, trans));
      }
    }
  };
  return { over, handlers };
}
