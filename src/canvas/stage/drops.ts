import { Drag } from '@lumino/dragdrop';
import { CONTENTS_MIME, REF_MIME } from '../../document/dragTypes';
import { edgeAt, insertOrConnect } from './insertOrConnect';
import { CanvasController } from '../model/controller';
import { addFiles, addRow } from '../model/editing';
import { nodeOf } from './mouseAndClipboard';
import { IPaletteRow } from '../model/tokens';
import { Position } from '../../document/flow';

const ACTIVE = 'nby-mod-dropTarget';

/** Accept drops of files from the file browser and of rows from our panels. */
export function acceptLuminoDrops(canvas: CanvasController): () => void {
  const stage = canvas.stage!;
  const takes = (event: Drag.Event) =>
    event.mimeData.hasData(CONTENTS_MIME) || event.mimeData.hasData(REF_MIME);
  const handlers: Record<string, (event: Drag.Event) => void> = {
    'lm-dragenter': () => stage.classList.add(ACTIVE),
    'lm-dragleave': () => stage.classList.remove(ACTIVE),
    'lm-dragover': event => (event.dropAction = event.proposedAction),
    'lm-drop': event => {
      stage.classList.remove(ACTIVE);
      event.dropAction = event.proposedAction;
      take(canvas, event);
    }
  };
  const listener = (event: Event) => {
    if (takes(event as Drag.Event)) {
      event.preventDefault();
      event.stopPropagation();
      handlers[event.type](event as Drag.Event);
    }
  };
  for (const type of Object.keys(handlers)) {
    stage.addEventListener(type, listener);
  }
  return () => {
    for (const type of Object.keys(handlers)) {
      stage.removeEventListener(type, listener);
    }
  };
}

function take(canvas: CanvasController, event: Drag.Event): void {
  const point = canvas.flow?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
  const at: Position | undefined = point && [Math.round(point.x), Math.round(point.y)];
  const rows = event.mimeData.getData(REF_MIME) as IPaletteRow | IPaletteRow[] | undefined;
  const on = nodeOf(event.target);
  const add = async () => {
    if (rows) {
      return [rows].flat().map(row => addRow(canvas, row, at));
    }
    const paths = event.mimeData.getData(CONTENTS_MIME) as string[];
    return addFiles(
      canvas,
      paths.map(path => canvas.contents.localPath(path)),
      at
    );
  };
  const { clientX: x, clientY: y } = event;
  void insertOrConnect(canvas, on, add, edgeAt(x, y), { x, y });
}
