import { applyEdgeChanges, applyNodeChanges, Edge, EdgeChange, NodeChange } from '@xyflow/react';
import { isGroup, Position } from '../../document/flow';
import { FlowDoc, IFlowChange } from '../../document/flowDoc';
import { edgeOf } from './diagram/ends';
import type { GroupTree } from './diagram/groupTree';
import { patch, withRoom } from './diagram/items';
import { CardNode, ICards, Projection } from './diagram/projection';

export type { CardNode } from './diagram/projection';

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
    cards: ICards
  ) {
    this._cards = new Projection(doc, cards);
    this.nodes = withRoom(this._cards.all());
    this.edges = [...doc.edges.keys()].sort().flatMap(id => this._cards.edge(id) ?? []);
    doc.changed.connect(this._onChanged, this);
  }

  nodes: CardNode[];
  edges: Edge[];
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

  /** Whether few enough nodes run for animations. */
  get lively(): boolean {
    return this._cards.lively;
  }

  get tree(): GroupTree {
    return this._cards.tree;
  }

  /** Return the card that stands for a node: its own, or that of a folded group. */
  shown(id: string): string {
    return this.tree.shownAs(id);
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
    const { edges } = this;
    const all = this._cards.run(changed);
    const next = edges.map(edge => {
      const { source, target } = edgeOf(edge);
      if (!all && !changed.has(source) && !changed.has(target)) {
        return edge;
      }
      const look = this._cards.look(edge);
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
      ids.has(node.id) ? { ...node, measured: undefined, ...this._cards.guessed(node.id) } : node
    );
    this._emit();
  }

  place(id: string): Position {
    const node = this.node(id);
    return node ? [node.position.x, node.position.y] : this._cards.placeOf(id);
  }

  /** Move cards, and with a group all that is in it, as one undo step. */
  move(moves: readonly (readonly [string, Position])[]): void {
    this._place([...moves, ...this._followers(moves)]);
  }

  onNodesChange = (changes: NodeChange<CardNode>[]): void => {
    const local = changes.filter(change => change.type !== 'remove');
    const moves = local.flatMap((change): [string, Position][] => {
      const at = change.type === 'position' && change.position;
      return at ? [[change.id, [Math.round(at.x), Math.round(at.y)]]] : [];
    });
    const isDragged = local.some(change => change.type === 'position' && change.dragging);
    const wasDragged = !!this._dragging;
    const followers = this._followers(moves);
    const placed = [...moves, ...followers];
    if (isDragged) {
      this._drag(placed);
    } else {
      placed.forEach(([id, at]) => this._dragging?.set(id, at));
    }
    if (local.length) {
      const behind = followers.map(([id, [x, y]]): NodeChange<CardNode> => {
        return { id, type: 'position', position: { x, y } };
      });
      const nodes = applyNodeChanges([...local, ...behind], this.nodes);
      this.nodes = this._cards.framed(
        nodes,
        [...local, ...behind].flatMap(change =>
          change.type === 'position' || change.type === 'dimensions' ? change.id : []
        )
      );
      for (const change of local) {
        if (change.type === 'dimensions') {
          delete this.node(change.id)?.handles; // they are measured now
        }
      }
      this._emit();
    }
    const isDropped = (move: NodeChange) => move.type === 'position' && move.dragging === false;
    if (this._dragging && local.some(isDropped)) {
      this._endDrag();
    }
    if (placed.length && !isDragged && !wasDragged) {
      this._place(placed);
    }
  };

  onEdgesChange = (changes: EdgeChange[]): void => {
    const local = changes.filter(change => change.type !== 'remove');
    if (local.length) {
      this.edges = applyEdgeChanges(local, this.edges);
      this._emit();
    }
  };

  /** Store places. A group has one only while it is folded, and if the file gave it one. */
  private _place(places: Iterable<readonly [string, Position]>): void {
    const { doc, tree } = this;
    const isStored = (id: string) => !isGroup(id) || (tree.isFolded(id) && doc.positions.has(id));
    const stored = [...places].filter(([id]) => isStored(id));
    doc.move([...this._cards.places.missing, ...stored]);
  }

  /** Return where the cards in moved groups are to be, except those that are moved themselves. */
  private _followers(moves: readonly (readonly [string, Position])[]): [string, Position][] {
    const own = new Set(moves.map(([id]) => id));
    return moves.flatMap(([group, [x, y]]) => {
      if (!isGroup(group)) {
        return [];
      }
      const from = this.place(group);
      const inside = this.tree.inside(this.tree.members(group));
      const others = inside.filter(id => !own.has(id));
      return others.map((id): [string, Position] => {
        own.add(id);
        const at = this.place(id);
        return [id, [at[0] + x - from[0], at[1] + y - from[1]]];
      });
    });
  }

  private _drag(places: readonly [string, Position][]): void {
    if (!this._dragging) {
      this._cards.dragged = this._dragging = new Map();
      this._close = this.doc.gesture();
    }
    for (const [id, at] of places) {
      this._dragging.set(id, at);
    }
    if (this.shared && this._timer === undefined) {
      this._timer = window.setTimeout(() => {
        this._timer = undefined;
        this._commit();
      }, LIVE);
    }
  }

  private _commit(): void {
    if (this._dragging?.size) {
      this._place(this._dragging);
    }
  }

  private _endDrag(): void {
    window.clearTimeout(this._timer);
    this._timer = undefined;
    this._commit();
    this._cards.dragged = this._dragging = undefined;
    this._close?.();
    this._close = undefined;
  }

  private _onChanged(_: FlowDoc, change: IFlowChange): void {
    const flow = change.flow;
    if (!flow) {
      return;
    }
    const { nodes = [], positions = [], comments = [], groups = [] } = flow;
    const regrouped = this._cards.follow(flow);
    const touched = new Set([...nodes, ...positions, ...comments, ...groups, ...regrouped]);
    if (flow.nodes || flow.edges || regrouped.length) {
      const ids = this._arrowsOf(flow.edges ?? new Set(), new Set([...nodes, ...regrouped]));
      const before = this.edges;
      this.edges = patch(this.edges, ids, (id, old) => this._cards.edge(id, old));
      for (const { id, source, target } of [...before, ...this.edges]) {
        if (ids.has(id)) {
          [source, target].forEach(end => this.node(end)?.handles && touched.add(end));
        }
      }
    }
    if (touched.size) {
      for (const id of [...touched]) {
        this.tree.above(id).forEach(group => touched.add(group));
      }
      const isMoved =
        flow.positions || [...touched].some(id => !this.node(id) || !this.doc.has(id));
      const patched = this._cards.framed(
        patch(this.nodes, touched, (id, old) => this._cards.make(id, old)),
        touched
      );
      this.nodes = isMoved || regrouped.length ? withRoom(patched) : patched;
    }
    if (this.focused) {
      this.focused = this.doc.has(this.focused) ? this.shown(this.focused) : undefined;
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
      for (const edge of this.edges) {
        const { source, target } = edgeOf(edge);
        if (near(source, target)) {
          ids.add(edge.id);
        }
      }
    }
    return ids;
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
  private readonly _cards: Projection;
  private _found?: ReturnType<FlowStore['_index']>;
  private _dragging?: Map<string, Position>;
  private _close?: () => void;
  private _timer?: number;
}
