import {
  Background,
  Connection,
  ConnectionMode,
  Edge,
  FinalConnectionState,
  IsValidConnection,
  MiniMap,
  ReactFlow,
  useStore
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import {
  ClipboardEvent,
  DragEvent,
  FocusEvent,
  useCallback,
  useEffect,
  useSyncExternalStore
} from 'react';
import { REF_MIME } from '../tokens';
import { connect, connectToNode, refusal } from './connecting';
import { ConnectionHint } from './ConnectionHint';
import { addRow, copyText, pasteText, removeSelection } from './editing';
import { EmptyStage } from './EmptyStage';
import { acceptLuminoDrops } from './drops';
import { useCanvas } from './hooks';
import { NodeCard } from './NodeCard';
import { IPaletteRow } from './tokens';

const NODE_TYPES = { card: NodeCard };
const MINIMAP_FROM = 15;
const FAR = 0.35;

function edgeOf(link: Edge | Connection) {
  return {
    source: link.source,
    output: link.sourceHandle ?? '',
    target: link.target,
    input: link.targetHandle ?? ''
  };
}

/** The picture: React Flow, with all of its own keys off; keys are commands on this element. */
export function Stage({ readOnly }: { readOnly: boolean }): JSX.Element {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  const nodes = useSyncExternalStore(store.subscribe, store.getNodes);
  const edges = useSyncExternalStore(store.subscribe, store.getEdges);
  const far = useStore(state => state.transform[2] < FAR);

  const setStage = useCallback(
    (element: HTMLDivElement | null) => (canvas.stage = element ?? undefined),
    [canvas]
  );
  useEffect(
    () => (readOnly || !canvas.stage ? undefined : acceptLuminoDrops(canvas)),
    [canvas, readOnly]
  );

  const isValidConnection: IsValidConnection = useCallback(
    link => refusal(canvas, edgeOf(link)) === undefined,
    [canvas]
  );
  const onConnect = useCallback((link: Connection) => void connect(canvas, edgeOf(link)), [canvas]);
  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const point = 'changedTouches' in event ? event.changedTouches[0] : event;
      const at = { x: point.clientX, y: point.clientY };
      const card = document.elementFromPoint(at.x, at.y)?.closest<HTMLElement>('.react-flow__node');
      const node = card?.dataset.id;
      if (state.fromNode && !state.toHandle && node && node !== state.fromNode.id) {
        void connectToNode(
          canvas,
          { node: state.fromNode.id, port: state.fromHandle?.id ?? '' },
          node,
          at
        );
      }
    },
    [canvas]
  );
  const onDrop = useCallback(
    (event: DragEvent) => {
      const text = event.dataTransfer.getData(REF_MIME);
      if (text && !readOnly) {
        event.preventDefault();
        const { x, y } = canvas.flow!.screenToFlowPosition({ x: event.clientX, y: event.clientY });
        addRow(canvas, JSON.parse(text) as IPaletteRow, [Math.round(x), Math.round(y)]);
      }
    },
    [canvas, readOnly]
  );
  const onDragOver = useCallback((event: DragEvent) => {
    if (event.dataTransfer.types.includes(REF_MIME)) {
      event.preventDefault();
    }
  }, []);
  const onFocus = useCallback(
    (event: FocusEvent) => {
      const id = (event.target as HTMLElement).closest<HTMLElement>('.react-flow__node')?.dataset
        .id;
      if (id) {
        store.focus(id);
      }
    },
    [store]
  );
  const onCopy = useCallback(
    (event: ClipboardEvent, cut = false) => {
      if (canvas.targets.length && !isField(event.target)) {
        event.clipboardData.setData('text/plain', copyText(canvas));
        event.preventDefault();
        if (cut && !readOnly) {
          removeSelection(canvas);
        }
      }
    },
    [canvas, readOnly]
  );
  const onPaste = useCallback(
    (event: ClipboardEvent) => {
      if (!readOnly && !isField(event.target)) {
        event.preventDefault();
        pasteText(canvas, event.clipboardData.getData('text/plain'));
      }
    },
    [canvas, readOnly]
  );

  return (
    <div
      ref={setStage}
      className={`nby-Canvas-stage nby-Canvas-keys${far ? ' nby-mod-far' : ''}`}
      tabIndex={0}
      role="group"
      aria-label={trans.__('Workflow, %1 nodes: arrow keys move between them', nodes.length)}
      onFocus={onFocus}
      onCopy={onCopy}
      onCut={event => onCopy(event, true)}
      onPaste={onPaste}
      onDrop={onDrop}
      onDragOver={onDragOver}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onInit={flow => (canvas.flow = flow)}
        onNodesChange={store.onNodesChange}
        onEdgesChange={store.onEdgesChange}
        onConnect={onConnect}
        onConnectEnd={onConnectEnd}
        isValidConnection={isValidConnection}
        onNodeDoubleClick={() => canvas.set({ inspector: true })}
        onNodeContextMenu={(_, node) => node.selected || store.select([node.id])}
        onEdgeContextMenu={(_, edge) => store.select([], [edge.id])}
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
        onlyRenderVisibleElements
        fitView={nodes.length > 0}
        fitViewOptions={{ maxZoom: 1, padding: 0.15 }}
        minZoom={0.05}
        attributionPosition="bottom-left"
      >
        <Background />
        {nodes.length > MINIMAP_FROM && (
          <MiniMap pannable zoomable ariaLabel={trans.__('Overview')} />
        )}
      </ReactFlow>
      {!nodes.length && <EmptyStage />}
      {nodes.length === 1 && !edges.length && (
        <div className="nby-Canvas-tip">
          {trans.__('Now add a second step, and draw from an output to an input.')}
        </div>
      )}
      <ConnectionHint />
    </div>
  );
}

function isField(target: EventTarget): boolean {
  return (target as HTMLElement).matches('input, textarea, select');
}
