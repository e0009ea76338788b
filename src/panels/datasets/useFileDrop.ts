import { DragEventHandler, useState } from 'react';
import { showProblem } from '../../components/problems';
import { IPanelServices } from '../frame/services';
import { dropped } from './folders';
import { uploads } from './uploads';

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

/** Files and folders of the user's computer become datasets where they are dropped. */
export function useFileDrop(services: IPanelServices): IFileDrop {
  const { yard, trans } = services;
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
        dropped(event.dataTransfer).then(
          ({ files, folders }) => {
            void uploads.add(yard, files);
            folders.forEach(folder => void uploads.addFolder(yard, folder));
          },
          error => showProblem(trans.__('Not uploaded.'), error, trans)
        );
      }
    }
  };
  return { over, handlers };
}
