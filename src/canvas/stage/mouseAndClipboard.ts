/** Handles mouse, clipboard and focus on the diagram. */
import { Connection, Edge, FinalConnectionState, IsValidConnection, useStore } from '@xyflow/react';
import {
  ClipboardEvent,
  DragEvent,
  FocusEvent,
  MouseEvent as ReactMouseEvent,
  PointerEvent as ReactPointerEvent,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import { isComment, isGroup } from '../../document/flow';
import { REF_MIME } from '../../document/dragTypes';
import { cameFromDesktop, takeFromDesktop } from './desktopFiles';
import { edgeAt, insertInto, insertOrConnect } from './insertOrConnect';
import { dropIntoFrame } from '../groups/grouping';
import { connect, refusal } from '../model/connecting';
import { edgeOf, endOf, linked } from '../model/diagram/ends';
import { connectToCard } from '../connections/declarations';
import { CanvasController } from '../model/controller';
import { addThing, clipboardText, pasteText, removeSelection } from '../model/editing';
import { CardNode } from '../model/flowStore';
import { IPaletteRow } from '../model/tokens';

/** What a double click does. */
const OPEN = {
  card: 'nbyard:open-node',
  comment: 'nbyard:edit-comment',
  folded: 'nbyard:fold-group',
  frame: 'nbyard:rename-node'
};

/** Where a connection may end to add a node. */
const FREE = '.react-flow__pane, .react-flow__node-comment *, .react-flow__node-frame *';

export function nodeAt(x: number, y: number): string | undefined {
  return nodeOf(document.elementFromPoint(x, y));
}

/** Return the node or folded group of an element, undefined for a comment or a frame. */
export function nodeOf(target: EventTarget | null): string | undefined {
  const id = cardOf(target);
  const isFrame = !!(target as Element | null)?.closest('.react-flow__node-frame');
  return id && !isComment(id) && !isFrame ? id : undefined;
}

function cardOf(target: EventTarget | null): string | undefined {
  return (target as Element | null)?.closest<HTMLElement>('.react-flow__node')?.dataset.id;
}

/** Draws connections with the mouse. */
export function useDrawing(canvas: CanvasController) {
  return useMemo(() => {
    const isValidConnection: IsValidConnection = link =>
      refusal(canvas, edgeOf(link)) === undefined;
    const onConnect = (link: Connection) => void connect(canvas, edgeOf(link));
    const onConnectEnd = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const { clientX: x, clientY: y } =
        'changedTouches' in event ? event.changedTouches[0] : event;
      const card = state.fromNode?.id;
      if (!card) {
        return;
      }
      const from = endOf(card, state.fromHandle?.id);
      if (state.toHandle) {
        const to = endOf(state.toHandle.nodeId, state.toHandle.id);
        const same = to.node === from.node && to.port === from.port;
        const edge = linked(state.fromHandle?.type ?? 'source', from, to);
        const reason = same ? undefined : refusal(canvas, edge);
        if (!state.isValid && reason) {
          canvas.say(reason, true);
        }
        return;
      }
      const node = nodeAt(x, y);
      if (node && node !== card) {
        void connectToCard(canvas, from, node, { x, y });
      } else if (document.elementFromPoint(x, y)?.matches(FREE)) {
        void canvas.commands.execute('nbyard:add-node', { x, y, ...from });
      }
    };
    return { isValidConnection, onConnect, onConnectEnd };
  }, [canvas]);
}

/** Handles the clipboard, drops of rows, and the focus. */
export function useClipboardAndDrops(canvas: CanvasController, readOnly: boolean) {
  return useMemo(() => {
    const copy = (event: ClipboardEvent, cut: boolean) => {
      if (canvas.chosen.length && !isField(event.target)) {
        event.clipboardData.setData('text/plain', clipboardText(canvas));
        event.preventDefault();
        if (cut && !readOnly) {
          removeSelection(canvas);
        }
      }
    };
    return {
      onCopy: (event: ClipboardEvent) => copy(event, false),
      onCut: (event: ClipboardEvent) => copy(event, true),
      onPaste: (event: ClipboardEvent) => {
        if (!readOnly && !isField(event.target)) {
          event.preventDefault();
          pasteText(canvas, event.clipboardData.getData('text/plain'));
        }
      },
      onDrop: (event: DragEvent) => {
        const text = event.dataTransfer.getData(REF_MIME);
        if (text && !readOnly) {
          event.preventDefault();
          const point = { x: event.clientX, y: event.clientY };
          const { x, y } = canvas.flow!.screenToFlowPosition(point);
          const row = JSON.parse(text) as IPaletteRow;
          void insertOrConnect(
            canvas,
            nodeOf(event.target),
            () => addThing(canvas, row, [Math.round(x), Math.round(y)]),
            edgeAt(point.x, point.y),
            point
          );
        } else if (cameFromDesktop(event)) {
          event.preventDefault();
          const { clientX, clientY, dataTransfer } = event;
          const point = { x: clientX, y: clientY };
          takeFromDesktop(canvas, [...dataTransfer.files], point).catch((error: Error) =>
            canvas.say(error.message, true)
          );
        }
      },
      onDragOver: (event: DragEvent) => {
        if (cameFromDesktop(event) || (!readOnly && event.dataTransfer.types.includes(REF_MIME))) {
          event.preventDefault(); // otherwise the browser leaves the page to show a file
        }
      },
      onDoubleClick: (event: ReactMouseEvent) => {
        if (!readOnly && (event.target as Element).matches('.react-flow__pane')) {
          const { clientX: x, clientY: y } = event;
          void canvas.commands.execute('nbyard:add-node', { x, y });
        }
      },
      onFocus: (event: FocusEvent) => {
        const id = cardOf(event.target);
        if (id) {
          canvas.store.focus(id);
        }
      }
    };
  }, [canvas, readOnly]);
}

export function isField(target: EventTarget): boolean {
  return (target as HTMLElement).matches('input, textarea, select');
}

/**
 * Add cards to the selection with Shift (or Ctrl, Cmd), and draw a frame with Shift. React Flow
 * would watch these keys on the whole page; the pointer event is enough. The handlers stay the same
 * functions: React Flow draws all cards again for another one.
 */
export function useSelecting(canvas: CanvasController) {
  const [frame, setFrame] = useState(false);
  const before = useRef<readonly string[]>([]);
  const handlers = useMemo(
    () => ({
      onPointerDown: (event: ReactPointerEvent) => {
        before.current = canvas.store.selected;
        const { stage } = canvas;
        if (isField(event.target)) {
          return;
        }
        if (!event.button) {
          // otherwise the browser drags selected text of a panel instead of a connection
          document.getSelection()?.removeAllRanges();
        }
        if (stage && !stage.contains(document.activeElement)) {
          stage.focus({ preventScroll: true }); // React Flow keeps the browser from doing so
        }
      },
      onPointerMove: (event: ReactPointerEvent) => {
        if (!event.buttons) {
          setFrame(event.shiftKey);
        }
      },
      /** State where the menu opens: cards and connections lie in the pane, which has its own menu. */
      onContextMenu: ({ target, currentTarget }: ReactMouseEvent<HTMLElement>) => {
        const on = (target as Element).closest('.react-flow__node, .react-flow__edge');
        currentTarget.dataset.menu = on ? 'item' : 'pane';
      },
      onNodeClick: (event: ReactMouseEvent, node: CardNode) => {
        if (event.shiftKey || event.ctrlKey || event.metaKey) {
          const chosen = new Set(before.current);
          if (!chosen.delete(node.id)) {
            chosen.add(node.id);
          }
          canvas.store.select(chosen);
        } else if (canvas.opensInspector && canvas.doc.nodes.has(node.id) && !canvas.ui.inspector) {
          canvas.showInspector(true);
        }
      },
      onNodeDoubleClick: (_: ReactMouseEvent, { id, type }: CardNode) => {
        canvas.store.select([id]);
        void canvas.commands.execute(OPEN[type ?? 'card']);
      },
      onNodeContextMenu: (_: ReactMouseEvent, { id, selected }: CardNode) => {
        canvas.store.focus(id);
        if (!selected) {
          canvas.store.select([id]);
        }
      },
      onEdgeContextMenu: (_: ReactMouseEvent, { id }: Edge) => canvas.store.select([], [id]),
      onPaneClick: () => canvas.clearSelection()
    }),
    [canvas]
  );
  return { frame, ...handlers };
}

/** Let states of runs wait while the mouse moves the view or a card, and end the move of a card. */
export function useMoving(canvas: CanvasController) {
  const { views } = canvas;
  const isPanned = useStore(state => state.paneDragging);
  const [isDragged, setDragged] = useState(false);
  const isHeld = isPanned || isDragged;
  useEffect(() => {
    views.isHeld = isHeld;
  }, [views, isHeld]);
  return useMemo(
    () => ({
      onNodeDragStart: () => setDragged(true),
      /** Insert a card without connections into a connection, and put a card into a frame. */
      onNodeDragStop: (event: MouseEvent | TouchEvent, { id }: CardNode) => {
        setDragged(false);
        const { readOnly } = canvas;
        if (readOnly || isGroup(id) || !('clientX' in event)) {
          return;
        }
        const isFree =
          !isComment(id) && !views.arrowsInto(id).length && !views.arrowsFrom(id).length;
        const edge = isFree && edgeAt(event.clientX, event.clientY);
        if (edge) {
          insertInto(canvas, id, edge);
        }
        dropIntoFrame(canvas, id, { x: event.clientX, y: event.clientY });
      }
    }),
    [canvas, views]
  );
}
