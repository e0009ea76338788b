import {
  applyEdgeChanges,
  applyNodeChanges,
  Edge,
  EdgeChange,
  Node,
  NodeChange,
  NodeHandle,
  Position as Side
} from '@xyflow/react';
import { naturally } from '../../components/format/names';
import { JsonObject } from '../../document/canonical';
import { IEdge, isComment, Position } from '../../document/flow';
import { FlowDoc, IFlowChange } from '../../document/flowDoc';
import { dataKind } from '../../components/format/dataKinds';
import { BEHIND, patch, sizeOf, withRoom } from './diagram/items';
import { Places } from './diagram/unplaced';
import type { TaskState } from './tokens';

/** The size of a card before it is drawn, for its place in the minimap. */
const SIZE = { initialWidth: 232, initialHeight: 90 };
/**
 * Up to this many nodes, every card is drawn once and measured. In larger workflows a card's height
 * follows from its ports until it is first visible.
 */
export const MEASURED = 200;
/** Distances of `cards.css`: to the middle of the first port, and between ports. */
const FIRST_PORT = 56;
const NEXT_PORT = 22;

/** `room` is the distance to the next card below. */
export type CardNode = Node<{ fields: JsonObject; room?: number }, 'card' | 'comment'>;

/** Other data about cards. */
export interface ICards {
  /** The element that names a card for screen readers. */
  nameOf(id: string): string;
  /** Known names of a card's ports: inputs, outputs. */
  portsOf(id: string): readonly (readonly string[])[];
  /** The state in the newest run, if there is one. */
  stateOf(id: string): TaskState | undefined;
  /** The format of an output, once it is known. */
  formatOf(id: string, output: string): string | undefined;
}

/** A node in these states will provide its data. */
const AWAITED = new Set<TaskState | undefined>(['waiting', 'queued', 'preparing', 'running']);
/** Animated connections of more running nodes would take all the browser's time. */
const LIVELY = 30;
/** How often other windows see a drag in progress, in milliseconds. */
const LIVE = 80;

/**
 * React Flow's nodes and edges, derived from the document. An object changes only with its own id,
 * so that only its card is redrawn. Selection, focus and measured sizes stay here, outside the
 * document.
 */
export class FlowStore {
  constructor(
    private readonly doc: FlowDoc,
    private readonly shared: boolean,
    private readonly cards: ICards
  ) {
    const ids = [...doc.nodes.keys()].sort(naturally);
    this._isLarge = ids.length > MEASURED;
    const comments = [...doc.comments.keys()].sort(naturally);
    this._places = new Places(doc);
    this.nodes = withRoom([
      ...ids.map(id => this._node(id)!),
      ...comments.map(id => this._comment(id)!)
    ]);
    this.edges = [...doc.edges.keys()].sort().flatMap(id => this._edge(id) ?? []);
    doc.changed.connect(this._onChanged, this);
  }

  nodes: CardNode[];
  edges: Edge[];
  /** Whether few enough nodes run for animations. */
  lively = true;
  /** Where arrow keys start: the diagram is one tab stop, and arrows reach the cards. */
  focused: string | undefined;

  subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };
  getNodes = (): CardNode[] => this.nodes;
  getEdges = (): Edge[] => this.edges;

  dispose(): void {
    this._endDrag();
    this.doc.changed.disconnect(this._onChanged, this);
    this._listeners.clear();
  }

  get selected(): readonly string[] {
    return this._index().selected;
  }

  node(id: string): CardNode | undefined {
    return this._index().byId.get(id);
  }

  get selectedEdges(): string[] {
    return this.edges.filter(edge => edge.selected).map(edge => edge.id);
  }

  select(nodes: Iterable<string>, edges: Iterable<string> = []): void {
    const wanted = new Set(nodes);
    const arrows = new Set(edges);
    this.nodes = this.nodes.map(node =>
      !!node.selected === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) }
    );
    this.edges = this.edges.map(edge =>
      !!edge.selected === arrows.has(edge.id) ? edge : { ...edge, selected: arrows.has(edge.id) }
    );
    this._emit();
  }

  focus(id: string | undefined): void {
    if (id !== this.focused) {
      this.focused = id;
      this._emit();
    }
  }

  /** Update the connections of changed cards: data arrives, and flows into running nodes. */
  refresh(ids: Iterable<string>): void {
    const changed = new Set(ids);
    for (const id of changed) {
      this._running[this.cards.stateOf(id) === 'running' ? 'add' : 'delete'](id);
    }
    const { edges, lively } = this;
    this.lively = this._running.size <= LIVELY;
    const all = lively !== this.lively;
    const next = edges.map(edge => {
      if (!all && !changed.has(edge.source) && !changed.has(edge.target)) {
        return edge;
      }
      const look = this._look(edge);
      const same = edge.className === look.className && edge.animated === look.animated;
      return same ? edge : { ...edge, ...look };
    });
    if (all || next.some((edge, place) => edge !== edges[place])) {
      this.edges = next;
      this._emit();
    }
  }

  /** Forget the sizes of invisible cards whose ports have changed. */
  forget(ids: ReadonlySet<string>): void {
    this.nodes = this.nodes.map(node =>
      ids.has(node.id) ? { ...node, measured: undefined, ...this._guessed(node.id) } : node
    );
    this._emit();
  }

  /** Return the colour and the movement of a connection. */
  private _look({ source, sourceHandle, target }: Edge): Pick<Edge, 'animated' | 'className'> {
    const state = this.cards.stateOf(source);
    const kind = dataKind(this.cards.formatOf(source, sourceHandle ?? '') ?? '');
    const flow = state === 'succeeded' ? 'arrived' : AWAITED.has(state) ? 'awaited' : 'idle';
    return {
      animated: this.lively && this._running.has(target),
      className: `nby-mod-${kind} nby-mod-${flow}`
    };
  }

  place(id: string): Position {
    const node = this.node(id);
    return node ? [node.position.x, node.position.y] : [0, 0];
  }

  onNodesChange = (changes: NodeChange<CardNode>[]): void => {
    const local = changes.filter(change => change.type !== 'remove');
    const placed: [string, Position][] = [];
    for (const change of local) {
      if (change.type === 'position' && change.position) {
        const at: Position = [Math.round(change.position.x), Math.round(change.position.y)];
        if (change.dragging) {
          this._drag(change.id, at);
        } else if (this._dragging) {
          this._dragging.set(change.id, at);
        } else {
          placed.push([change.id, at]);
        }
      }
    }
    if (local.length) {
      this.nodes = applyNodeChanges(local, this.nodes);
      for (const change of local) {
        if (change.type === 'dimensions') {
          delete this.node(change.id)!.handles; // they are measured now
        }
      }
      this._emit();
    }
    const isDropped = (move: NodeChange) => move.type === 'position' && move.dragging === false;
    if (this._dragging && local.some(isDropped)) {
      this._endDrag();
    }
    if (placed.length) {
      this.doc.move([...this._places.missing, ...placed]);
    }
  };

  onEdgesChange = (changes: EdgeChange[]): void => {
    const local = changes.filter(change => change.type !== 'remove');
    if (local.length) {
      this.edges = applyEdgeChanges(local, this.edges);
      this._emit();
    }
  };

  private _drag(id: string, at: Position): void {
    if (!this._dragging) {
      this._dragging = new Map();
      this._close = this.doc.gesture();
    }
    this._dragging.set(id, at);
    if (this.shared && this._timer === undefined) {
      this._timer = window.setTimeout(() => {
        this._timer = undefined;
        this._commit();
      }, LIVE);
    }
  }

  private _commit(): void {
    if (this._dragging?.size) {
      this.doc.move([...this._places.missing, ...this._dragging]);
    }
  }

  private _endDrag(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
    this._commit();
    this._dragging = undefined;
    this._close?.();
    this._close = undefined;
  }

  private _onChanged(_: FlowDoc, change: IFlowChange): void {
    const flow = change.flow;
    if (!flow) {
      return;
    }
    const { nodes = [], positions = [], comments = [] } = flow;
    const touched = new Set([...nodes, ...positions, ...comments]);
    if (flow.nodes || flow.edges) {
      const ids = this._arrowsOf(flow.edges ?? new Set(), flow.nodes ?? new Set());
      const before = this.edges;
      this.edges = patch(this.edges, ids, (id, old) => this._edge(id, old));
      for (const { id, source, target } of [...before, ...this.edges]) {
        if (ids.has(id)) {
          [source, target].forEach(end => this.node(end)?.handles && touched.add(end));
        }
      }
    }
    if (touched.size) {
      this._isLarge = this.doc.nodes.size > MEASURED;
      const isMoved =
        flow.positions || [...touched].some(id => !this.node(id) || !this.doc.has(id));
      const patched = patch(this.nodes, touched, (id, old) =>
        isComment(id) ? this._comment(id, old) : this._node(id, old)
      );
      this.nodes = isMoved ? withRoom(patched) : patched;
    }
    if (this.focused && !this.doc.has(this.focused)) {
      this.focused = undefined;
    }
    this._emit();
  }

  /**
   * Return these edges and those of the given nodes, which are shown and hidden with their ends.
   */
  private _arrowsOf(edges: ReadonlySet<string>, nodes: ReadonlySet<string>): Set<string> {
    const ids = new Set(edges);
    if (nodes.size) {
      const near = (source?: string, target?: string) =>
        nodes.has(source ?? '') || nodes.has(target ?? '');
      this.doc.edges.forEach(
        (edge, id) => near(edge.get('source'), edge.get('target')) && ids.add(id)
      );
      this.edges.forEach(edge => near(edge.source, edge.target) && ids.add(edge.id));
    }
    return ids;
  }

  private _node(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.node(id);
    if (!fields) {
      return undefined;
    }
    const [x, y] = this._dragging?.get(id) ?? this._places.of(id);
    return {
      ...SIZE,
      ...old,
      ...(old?.measured ? {} : this._guessed(id)),
      ...this._common(id, fields, x, y, old?.data.room),
      type: 'card' as const
    };
  }

  /** Comments are behind the nodes, which they may frame. */
  private _comment(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.comment(id);
    if (!fields) {
      return undefined;
    }
    const [x, y] = this._dragging?.get(id) ?? this.doc.positions.get(id) ?? [0, 0];
    const [initialWidth, initialHeight] = sizeOf(fields);
    return {
      ...old,
      ...this._common(id, fields, x, y),
      initialWidth,
      initialHeight,
      type: 'comment' as const,
      connectable: false,
      zIndex: BEHIND
    };
  }

  private _common(id: string, fields: JsonObject, x: number, y: number, room?: number) {
    return {
      id,
      data: { fields, room },
      position: { x, y },
      ariaRole: 'group' as const,
      domAttributes: { tabIndex: -1, 'aria-labelledby': this.cards.nameOf(id) }
    };
  }

  /** Return the likely places of ports, to draw connections to cards that are not drawn. */
  private _guessed(id: string): Partial<CardNode> {
    if (!this._isLarge) {
      return {};
    }
    const sides = this.cards.portsOf(id);
    const handles = sides.flatMap((names, side) =>
      names.map((name, place): NodeHandle => {
        const y = FIRST_PORT + place * NEXT_PORT;
        return side
          ? { id: name, type: 'source', position: Side.Right, x: SIZE.initialWidth, y }
          : { id: name, type: 'target', position: Side.Left, x: 0, y };
      })
    );
    const rows = Math.max(1, ...sides.map(names => names.length));
    return { handles, initialHeight: FIRST_PORT + rows * NEXT_PORT };
  }

  private _edge(id: string, old?: Edge): Edge | undefined {
    const edge: IEdge | undefined = this.doc.edge(id);
    if (!edge) {
      return undefined;
    }
    const ends = {
      id,
      source: edge.source,
      sourceHandle: edge.output,
      target: edge.target,
      targetHandle: edge.input
    };
    const ariaLabel = `${edge.source}.${edge.output} → ${edge.target}.${edge.input}`;
    return { ...old, ...ends, ...this._look(ends), ariaLabel };
  }

  private _emit(): void {
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private _index(): { byId: Map<string, CardNode>; selected: string[]; of: CardNode[] } {
    if (this._found?.of !== this.nodes) {
      this._found = {
        byId: new Map(this.nodes.map(node => [node.id, node])),
        selected: this.nodes.filter(node => node.selected).map(node => node.id),
        of: this.nodes
      };
    }
    return this._found;
  }

  private _listeners = new Set<() => void>();
  private _places: Places;
  private _found?: ReturnType<FlowStore['_index']>;
  private _isLarge: boolean;
  private _running = new Set<string>();
  private _dragging?: Map<string, Position>;
  private _close?: () => void;
  private _timer?: number;
}
