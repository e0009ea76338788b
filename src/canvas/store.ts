import {
  applyEdgeChanges,
  applyNodeChanges,
  Edge,
  EdgeChange,
  Node,
  NodeChange
} from '@xyflow/react';
import { JsonObject } from '../document/canonical';
import { IEdge, Position } from '../document/flow';
import { FlowDoc, IFlowChange } from '../document/flowDoc';

export type CardNode = Node<{ fields: JsonObject }, 'card'>;

/** How often a drag in progress is shown to other windows, in milliseconds. */
const LIVE = 80;

/**
 * React Flow's nodes and edges, derived from the document.
 *
 * An object is renewed only when its own id changed, so that only its card is drawn again;
 * selection, focus and measured size stay here and are no part of the document.
 */
export class FlowStore {
  constructor(
    private readonly doc: FlowDoc,
    private readonly shared: boolean,
    private readonly labelOf: (id: string) => string,
    private readonly isRunning: (id: string) => boolean
  ) {
    this.nodes = [...doc.nodes.keys()].sort().map(id => this._node(id)!);
    this.edges = [...doc.edges.keys()].sort().flatMap(id => this._edge(id) ?? []);
    doc.changed.connect(this._onChanged, this);
  }

  nodes: CardNode[];
  edges: Edge[];
  /** Where arrow keys start from: the stage is one tab stop, cards are reached by arrows. */
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

  get selected(): string[] {
    return this.nodes.filter(node => node.selected).map(node => node.id);
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

  /** What is known of cards changed: the words that screen readers say follow, and the arrows. */
  refresh(ids: ReadonlySet<string>): void {
    this.nodes = this.nodes.map(node => (ids.has(node.id) ? this._dressed(node) : node));
    this.edges = this.edges.map(edge => {
      const animated = this.isRunning(edge.target);
      return ids.has(edge.target) && !!edge.animated !== animated ? { ...edge, animated } : edge;
    });
    this._emit();
  }

  place(id: string): Position {
    const node = this.nodes.find(one => one.id === id);
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
      this._emit();
    }
    if (this._dragging && local.some(one => one.type === 'position' && one.dragging === false)) {
      this._endDrag();
    }
    if (placed.length) {
      this.doc.move(placed);
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
      this.doc.move(this._dragging);
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
    const touched = new Set([...(flow.nodes ?? []), ...(flow.positions ?? [])]);
    if (touched.size) {
      this.nodes = patch(this.nodes, touched, (id, old) => this._node(id, old));
    }
    if (flow.nodes || flow.edges) {
      const ids = new Set(flow.edges ?? []);
      if (flow.nodes) {
        // an arrow shows and hides with its ends
        this.doc.edges.forEach((edge, id) => {
          if (
            flow.nodes!.has(edge.get('source') ?? '') ||
            flow.nodes!.has(edge.get('target') ?? '')
          ) {
            ids.add(id);
          }
        });
        this.edges.forEach(edge => {
          if (flow.nodes!.has(edge.source) || flow.nodes!.has(edge.target)) {
            ids.add(edge.id);
          }
        });
      }
      this.edges = patch(this.edges, ids, (id, old) => this._edge(id, old));
    }
    if (this.focused && !this.doc.nodes.has(this.focused)) {
      this.focused = undefined;
    }
    this._emit();
  }

  private _node(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.node(id);
    if (!fields) {
      return undefined;
    }
    const [x, y] = this._dragging?.get(id) ?? this.doc.positions.get(id) ?? this._somewhere(id);
    const node = { ...old, id, type: 'card' as const, data: { fields }, position: { x, y } };
    return this._dressed(node);
  }

  /** A place for a node that has none, the same each time. */
  private _somewhere(id: string): Position {
    const index = [...this.doc.nodes.keys()].sort().indexOf(id);
    return [(index % 4) * 280, Math.floor(index / 4) * 180];
  }

  private _dressed(node: CardNode): CardNode {
    return {
      ...node,
      ariaLabel: this.labelOf(node.id),
      ariaRole: 'group',
      domAttributes: { tabIndex: -1 }
    };
  }

  private _edge(id: string, old?: Edge): Edge | undefined {
    const edge: IEdge | undefined = this.doc.edge(id);
    return (
      edge && {
        ...old,
        id,
        source: edge.source,
        sourceHandle: edge.output,
        target: edge.target,
        targetHandle: edge.input,
        animated: this.isRunning(edge.target),
        ariaLabel: `${edge.source}.${edge.output} → ${edge.target}.${edge.input}`
      }
    );
  }

  private _emit(): void {
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private _listeners = new Set<() => void>();
  private _dragging?: Map<string, Position>;
  private _close?: () => void;
  private _timer?: number;
}

/** The list with the named items made anew, dropped, or added at the end. */
function patch<T extends { id: string }>(
  items: readonly T[],
  ids: ReadonlySet<string>,
  make: (id: string, old?: T) => T | undefined
): T[] {
  const rest = new Set(ids);
  const kept = items.flatMap(item => {
    if (!rest.delete(item.id)) {
      return [item];
    }
    return make(item.id, item) ?? [];
  });
  return [...kept, ...[...rest].sort().flatMap(id => make(id) ?? [])];
}
