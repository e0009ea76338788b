import {
  Background,
  ConnectionMode,
  OnNodesChange,
  ReactFlow,
  useStore,
  useUpdateNodeInternals
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import {
  CSSProperties,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore
} from 'react';
import { Arrow } from '../connections/Arrow';
import { ConnectionHint } from './ConnectionHint';
import { ConnectionPeek, usePeek } from '../connections/ConnectionPeek';
import { Settled, useSettled } from '../connections/settled';
import { CanvasController } from '../model/controller';
import { acceptLuminoDrops } from './drops';
import { EmptyStage } from './EmptyStage';
import {
  isField,
  useDrawing,
  useClipboardAndDrops,
  useMoving,
  useSelecting
} from './mouseAndClipboard';
import { isFitted } from '../model/focus';
import { useCanvas, useView } from '../model/hooks';
import { recall, remember } from '../model/viewState';
import {
  drawsAll,
  fit,
  fitAgain,
  isCut,
  keepAll,
  leastZoom,
  refit,
  seesAll,
  shownZoom,
  sizeOfStage,
  textSize,
  viewToKeep
} from './navigation';
import { FoldedGroup } from '../groups/FoldedGroup';
import { Frame } from '../groups/Frame';
import { CommentCard } from '../cards/CommentCard';
import { NodeCard } from '../cards/NodeCard';
import { Overview, ZoomBar } from './Overview';
import { CardNode } from '../model/flowStore';

const EDGE_TYPES = { default: Arrow };
const NODE_TYPES = { card: NodeCard, comment: CommentCard, folded: FoldedGroup, frame: Frame };

/** The diagram: React Flow without its keys; keys are commands on this element. */
export function Stage({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  const nodes = useSyncExternalStore(store.subscribe, store.getNodes);
  const edges = useSyncExternalStore(store.subscribe, store.getEdges);
  const zoom = useStore(state => shownZoom(state.transform[2]));
  const text = useStore(state => textSize(state.transform[2]));
  const all = useStore(state => drawsAll(state.transform[2], nodes.length));
  const calm = useSyncExternalStore(store.subscribe, () => !store.lively);

  const setStage = useCallback(
    (element: HTMLDivElement | null) => {
      canvas.stage = element ?? undefined;
      canvas.arrive();
      const { activeElement: active } = document;
      const tab = element?.closest('.jp-Document');
      if (!active || active === document.body || (tab?.contains(active) && !isField(active))) {
        element?.focus({ preventScroll: true }); // the tab was opened before the diagram existed
      }
    },
    [canvas]
  );
  useEffect(
    () => (readOnly || !canvas.stage ? undefined : acceptLuminoDrops(canvas)),
    [canvas, readOnly]
  );

  const count = canvas.doc.nodes.size;
  const lone = useView(count === 1 ? (nodes[0]?.id ?? '') : '');
  const drawing = useDrawing(canvas);
  const hands = useClipboardAndDrops(canvas, readOnly);
  const selecting = useSelecting(canvas);
  const peeking = usePeek(canvas);
  const moving = useMoving(canvas);
  const [seen] = useState(() => recall(canvas.path).viewport);
  const [startsFull] = useState(nodes.length > 0 && !seen);

  usePortWatch(canvas);
  useRefit(canvas);
  const onNodesChange = useFirstFit(canvas, startsFull);
  const settled = useSettled(nodes);

  return (
    <div
      ref={setStage}
      className={`nby-Canvas-stage nby-Canvas-keys${text}${calm ? ' nby-mod-calm' : ''}`}
      style={{ '--nby-zoom': zoom } as CSSProperties}
      tabIndex={0}
      role="group"
      aria-label={trans.__('Workflow, %1 nodes: arrow keys move between them', count)}
      onFocus={hands.onFocus}
      onCopy={hands.onCopy}
      onCut={hands.onCut}
      onPaste={hands.onPaste}
      onDrop={hands.onDrop}
      onDragOver={hands.onDragOver}
      onDoubleClick={hands.onDoubleClick}
      onPointerDownCapture={selecting.onPointerDown}
      onPointerMoveCapture={selecting.onPointerMove}
      onContextMenuCapture={selecting.onContextMenu}
    >
      <Settled.Provider value={settled}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onInit={flow => {
            canvas.flow = flow;
            const isWhole = canvas.fitted?.isWhole; // before the table was shown
            canvas.fitted = seen ? undefined : { ...flow.getViewport(), isWhole };
            if (startsFull) {
              fit(canvas, { isWhole });
            }
          }}
          defaultViewport={seen}
          onMoveEnd={(_, viewport) => remember(canvas.path, viewToKeep(canvas, viewport))}
          onNodesChange={onNodesChange}
          onEdgesChange={store.onEdgesChange}
          onConnect={drawing.onConnect}
          onConnectEnd={drawing.onConnectEnd}
          isValidConnection={drawing.isValidConnection}
          onNodeClick={selecting.onNodeClick}
          onEdgeMouseEnter={peeking.onEdgeMouseEnter}
          onEdgeMouseLeave={peeking.onEdgeMouseLeave}
          onNodeDragStart={moving.onNodeDragStart}
          onNodeDragStop={moving.onNodeDragStop}
          onPaneClick={selecting.onPaneClick}
          selectionOnDrag={selecting.frame}
          panOnDrag={!selecting.frame}
          onNodeDoubleClick={selecting.onNodeDoubleClick}
          onNodeContextMenu={selecting.onNodeContextMenu}
          onEdgeContextMenu={selecting.onEdgeContextMenu}
          connectionMode={ConnectionMode.Loose}
          connectionRadius={18}
          nodesDraggable={!readOnly}
          nodesConnectable={!readOnly}
          nodesFocusable={false}
          edgesFocusable={false}
          disableKeyboardA11y
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          panActivationKeyCode={null}
          zoomActivationKeyCode={null}
          zoomOnDoubleClick={false}
          onlyRenderVisibleElements={!all}
          minZoom={leastZoom(nodes.length)}
          attributionPosition="bottom-center"
        >
          {zoom === 1 && <Background gap={24} size={1.5} />}
          <ZoomBar />
          <Overview />
        </ReactFlow>
      </Settled.Provider>
      {!nodes.length && <EmptyStage />}
      {count === 1 && !edges.length && !lone?.run && (
        <div className="nby-Canvas-tip">
          {trans.__('Add a second node, then drag from an output to an input.')}
        </div>
      )}
      <ConnectionHint />
      <ConnectionPeek peek={peeking.peek} />
    </div>
  );
}

/**
 * Fit again whenever cards get another size, until the user acts in the tab. Cards are measured after
 * they are drawn, and again with their ports, which the first response brings. A fit by React Flow
 * could come after ours, and would look like a move by the user. Later, all cards stay in view when
 * results make them taller.
 */
export function useFirstFit(
  canvas: CanvasController,
  startsFull: boolean
): OnNodesChange<CardNode> {
  const isOpening = useRef(startsFull);
  useEffect(() => {
    const tab = canvas.stage?.closest('.jp-Document') ?? canvas.stage;
    const end = () => void (isOpening.current = false);
    tab?.addEventListener('pointerdown', end, true);
    tab?.addEventListener('keydown', end, true);
    return () => {
      tab?.removeEventListener('pointerdown', end, true);
      tab?.removeEventListener('keydown', end, true);
    };
  }, [canvas]);
  return useCallback(
    changes => {
      const isResized = changes.some(({ type }) => type === 'dimensions');
      const sawAll = isResized && seesAll(canvas);
      canvas.store.onNodesChange(changes);
      if (isOpening.current && isResized && !canvas.store.focused && isFitted(canvas)) {
        fitAgain(canvas);
        if (canvas.ui.inspector && isCut(canvas)) {
          canvas.set({ inspector: false });
          remember(canvas.path, { inspector: true }); // the next tab has more room, perhaps
        }
      } else if (sawAll && !seesAll(canvas)) {
        keepAll(canvas);
      }
    },
    [canvas]
  );
}

/** Fit again when the panel below or the panels beside change the size. */
function useRefit(canvas: CanvasController): void {
  useEffect(() => {
    const { stage } = canvas;
    if (!stage) {
      return undefined;
    }
    let size = sizeOfStage(canvas);
    let timer = 0;
    const watch = new ResizeObserver(() => {
      const { width, height } = sizeOfStage(canvas);
      if (width && height && (width !== size.width || height !== size.height)) {
        window.clearTimeout(timer);
        timer = window.setTimeout(() => {
          const before = size;
          size = sizeOfStage(canvas);
          refit(canvas, before);
        }, 100);
      }
    });
    watch.observe(stage);
    return () => {
      window.clearTimeout(timer);
      watch.disconnect();
    };
  }, [canvas]);
}

/** Tell React Flow once for all cards when ports change, because it measures their places. */
function usePortWatch(canvas: CanvasController): void {
  const update = useUpdateNodeInternals();
  useEffect(() => {
    const known = new Map<string, string>();
    const due = new Set<string>();
    let frame = 0;
    const isNews = (id: string) => {
      const view = canvas.views.get(id);
      const names = view && [...view.inputs, ...view.outputs].map(port => port.name);
      const dashed = view?.suggested.map(({ name, role }) => `${role} ${name}`);
      const ports = `${names} ${dashed} ${view?.problems.length}`;
      return known.get(id) !== ports && known.set(id, ports);
    };
    const look = () => {
      const cards = canvas.stage?.querySelectorAll<HTMLElement>('.react-flow__node') ?? [];
      const seen = [...cards].map(card => card.dataset.id!).filter(id => due.delete(id));
      const unseen = [...due].filter(id => known.has(id) && isNews(id));
      due.clear();
      update(seen.filter(isNews));
      if (unseen.length) {
        canvas.store.forget(new Set(unseen));
      }
    };
    const watch = (_: unknown, ids: ReadonlySet<string>) => {
      ids.forEach(id => due.add(id));
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    };
    canvas.views.changed.connect(watch);
    return () => {
      cancelAnimationFrame(frame);
      canvas.views.changed.disconnect(watch);
    };
  }, [canvas, update]);
}
