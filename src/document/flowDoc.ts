import { DocumentChange, YDocument } from '@jupyter/ydoc';
import * as Y from 'yjs';
import { isObject, Json, JsonObject, same } from './canonical';
import { Block, BLOCKS, edgeId, IEdge, IFlow, parseFlow, Position, writeFlow } from './flow';

/** The changed ids in each block, once per transaction. */
export interface IFlowChange extends DocumentChange {
  flow?: { [B in Block]?: ReadonlySet<string> };
  local?: boolean;
}

type Events = Y.YEvent<Y.AbstractType<unknown>>[];
type Collected = { [B in Block]?: Set<string> };

/** How many levels below a block are maps; deeper levels are plain values. */
const DEPTH: Record<Block, number> = {
  meta: 0,
  nodes: 2,
  edges: 1,
  positions: 0,
  comments: 1,
  groups: 1
};

/** A workflow document as maps by id. Its counterpart on the server is `nbyard.ydoc`. */
export class FlowDoc extends YDocument<IFlowChange> {
  constructor() {
    super();
    for (const block of BLOCKS) {
      this.undoManager.addToScope(this[block]);
      this[block].observeDeep((events: unknown) => this._collect(block, events as Events));
    }
    this.ydoc.on('afterTransaction', this._announce);
  }

  readonly version = '1.0.0';
  readonly meta = this.ydoc.getMap<Json>('meta');
  readonly nodes = this.ydoc.getMap<Y.Map<unknown>>('nodes');
  readonly edges = this.ydoc.getMap<Y.Map<string>>('edges');
  readonly positions = this.ydoc.getMap<Position>('positions');
  readonly comments = this.ydoc.getMap<Y.Map<Json>>('comments');
  readonly groups = this.ydoc.getMap<Y.Map<Json>>('groups');

  // Own accessors: the oldest supported @jupyter/ydoc has no `dirty`, and its undo emits nothing.
  override get dirty(): boolean {
    return this.ystate.get('dirty') === true;
  }
  override set dirty(value: boolean) {
    this.transact(() => this.setState('dirty', value), false);
  }

  override undo(): boolean {
    return this._marked(this.undoManager.undo());
  }

  override redo(): boolean {
    return this._marked(this.undoManager.redo());
  }

  /** Whether a node can run: a workflow of data has nothing to run. */
  get hasCode(): boolean {
    return [...this.nodes.values()].some(node => node.get('type') !== 'dataset');
  }

  /** Text from disk that is not a workflow; kept unchanged until a user decides. */
  get broken(): string | undefined {
    return this.ystate.get('broken') as string | undefined;
  }

  /** Discard the broken text; the next save writes the workflow that was last seen here. */
  mend(): void {
    this.transact(() => this.ystate.delete('broken'), false);
    this.dirty = true;
  }

  /** Whether both ends exist: one may vanish when two users delete and connect at once. */
  isWhole(edge: Y.Map<string>): boolean {
    return this.nodes.has(edge.get('source') ?? '') && this.nodes.has(edge.get('target') ?? '');
  }

  node(id: string): JsonObject | undefined {
    return this.nodes.get(id)?.toJSON() as JsonObject | undefined;
  }

  comment(id: string): JsonObject | undefined {
    return this.comments.get(id)?.toJSON() as JsonObject | undefined;
  }

  /** Whether there is a node, a comment or a group with this id. */
  has(id: string): boolean {
    return this.nodes.has(id) || this.comments.has(id) || this.groups.has(id);
  }

  edge(id: string): IEdge | undefined {
    const edge = this.edges.get(id);
    return edge && this.isWhole(edge) ? (edge.toJSON() as IEdge) : undefined;
  }

  /** The same list until something changes, because drawing a connection reads it constantly. */
  allEdges(): readonly IEdge[] {
    if (this._editing || !this._allEdges) {
      this._allEdges = [...this.edges.keys()].sort().flatMap(id => this.edge(id) ?? []);
    }
    return this._allEdges;
  }

  toJSON(): IFlow {
    const flow: IFlow = {
      version: 1,
      meta: this.meta.toJSON() as JsonObject,
      nodes: this.nodes.toJSON() as Record<string, JsonObject>,
      edges: {},
      positions: {},
      comments: this.comments.toJSON() as Record<string, JsonObject>,
      groups: this.groups.toJSON() as Record<string, JsonObject>
    };
    this.edges.forEach((edge, id) => {
      if (this.isWhole(edge)) {
        flow.edges[id] = edge.toJSON() as IEdge;
      }
    });
    this.positions.forEach((at, id) => {
      if (this.has(id)) {
        flow.positions[id] = at;
      }
    });
    return flow;
  }

  getSource(): string {
    return this.broken ?? writeFlow(this.toJSON());
  }

  /** Change the document to `text` with the fewest changes, as one undo step. */
  setSource(text: string): void {
    const flow = parseFlow(text);
    if (!flow) {
      this.transact(() => this.setState('broken', text), false);
      return;
    }
    this.undoManager.stopCapturing();
    this.transact(() => {
      this.ystate.delete('broken');
      for (const block of BLOCKS) {
        assign(this[block] as Y.Map<unknown>, flow[block] as JsonObject, DEPTH[block]);
      }
    });
    this.undoManager.stopCapturing();
  }

  /** Apply a change of this window as one transaction and undo step. Nested edits join it. */
  edit(change: () => void): void {
    if (!this._gestures && !this._editing) {
      this.undoManager.stopCapturing();
    }
    const before = this._changes;
    this._editing++;
    try {
      this.transact(change);
    } finally {
      this._editing--;
    }
    if (this._changes !== before && !this.dirty) {
      this.dirty = true;
    }
  }

  /** Combine all edits until the returned function is called into one undo step. */
  gesture(): () => void {
    const undo = this.undoManager;
    if (this._gestures++ === 0) {
      undo.stopCapturing();
      this._timeout = undo.captureTimeout;
      undo.captureTimeout = Number.POSITIVE_INFINITY;
    }
    let open = true;
    return () => {
      if (open && ((open = false), --this._gestures === 0)) {
        undo.captureTimeout = this._timeout;
        undo.stopCapturing();
      }
    };
  }

  /** Set the id outside the user's undo history. */
  setId(id: string): void {
    this.transact(() => this.meta.set('id', id), false);
    this.dirty = true;
  }

  setMeta(key: string, value: Json | undefined): void {
    this.edit(() => put(this.meta as Y.Map<unknown>, key, value));
  }

  addNode(id: string, fields: JsonObject, at: Position): void {
    this.edit(() => {
      assign(this.nodes.set(id, new Y.Map<unknown>()), fields, DEPTH.nodes - 1);
      this.positions.set(id, at);
    });
  }

  addComment(id: string, fields: JsonObject, at: Position): void {
    this.edit(() => {
      assign(this.comments.set(id, new Y.Map<Json>()), fields, 0);
      this.positions.set(id, at);
    });
  }

  setComment(id: string, key: string, value: Json): void {
    this.edit(() => {
      const comment = this.comments.get(id);
      if (comment) {
        put(comment as Y.Map<unknown>, key, value);
      }
    });
  }

  /** Set a field; `undefined` removes it. */
  setField(id: string, key: string, value: Json | undefined): void {
    this.edit(() => {
      const node = this.nodes.get(id);
      if (node) {
        put(node, key, value);
      }
    });
  }

  /** Set an argument; `undefined` restores its default. */
  setArgument(id: string, name: string, value: Json | undefined): void {
    this.edit(() => {
      const node = this.nodes.get(id);
      let values = node?.get('arguments');
      if (node && !(values instanceof Y.Map)) {
        values = node.set('arguments', new Y.Map<unknown>());
      }
      if (values instanceof Y.Map) {
        put(values, name, value);
      }
    });
  }

  move(places: Iterable<readonly [string, Position]>): void {
    this.edit(() => {
      for (const [id, at] of places) {
        if (this.has(id) && !same(this.positions.get(id), at)) {
          this.positions.set(id, at);
        }
      }
    });
  }

  connect(edge: IEdge): string {
    const id = edgeId(edge);
    this.edit(() => {
      assign(this.edges.set(id, new Y.Map<string>()), { ...edge }, 0);
    });
    return id;
  }

  /**
   * Remove nodes with their edges, comments and groups, in one step. Edges of a document that was
   * written by hand may have other keys than `edgeId`.
   */
  remove(nodes: Iterable<string>, edges: Iterable<string> = []): void {
    this.edit(() => {
      const gone = new Set(nodes);
      const cut = new Set(edges);
      this.edges.forEach((edge, id) => {
        if (
          cut.has(id) ||
          (cut.size && cut.has(edgeId(edge.toJSON() as IEdge))) ||
          gone.has(edge.get('source') ?? '') ||
          gone.has(edge.get('target') ?? '')
        ) {
          this.edges.delete(id);
        }
      });
      for (const id of gone) {
        this.nodes.delete(id);
        this.comments.delete(id);
        this.groups.delete(id);
        this.positions.delete(id);
      }
    });
  }

  private _marked(step: unknown): boolean {
    if (step) {
      this.dirty = true;
    }
    return !!step;
  }

  private _collect(block: Block, events: Events): void {
    const ids = ((this._pending ??= {})[block] ??= new Set<string>());
    for (const event of events) {
      if (event.path.length) {
        ids.add(String(event.path[0]));
      } else {
        event.keys.forEach((_, key) => ids.add(key));
      }
    }
  }

  private _announce = (transaction: Y.Transaction): void => {
    const flow = this._pending;
    if (flow) {
      this._pending = undefined;
      this._allEdges = undefined;
      this._changes++;
      this._changed.emit({ flow, local: transaction.local });
    }
  };

  private _allEdges?: readonly IEdge[];
  private _pending?: Collected;
  private _changes = 0;
  private _editing = 0;
  private _gestures = 0;
  private _timeout = 500;
}

function put(map: Y.Map<unknown>, key: string, value: Json | undefined): void {
  if (value === undefined) {
    map.delete(key);
  } else if (!same(plain(map.get(key)), value)) {
    map.set(key, value);
  }
}

/** Make a map equal to a plain object, touching only what differs, in a fixed order. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function assign(map: Y.Map<any>, value: JsonObject, depth: number): void {
  for (const key of [...map.keys()]) {
    if (!(key in value)) {
      map.delete(key);
    }
  }
  for (const key of Object.keys(value).sort()) {
    const next = value[key];
    if (depth > 0 && isObject(next)) {
      const now = map.get(key);
      // yjs cannot read a map without a parent, so fill it afterwards
      const child = now instanceof Y.Map ? now : map.set(key, new Y.Map<unknown>());
      assign(child as Y.Map<unknown>, next, depth - 1);
    } else if (map.get(key) instanceof Y.Map) {
      map.set(key, next);
    } else {
      put(map, key, next);
    }
  }
}

function plain(value: unknown): Json | undefined {
  return (value instanceof Y.Map ? value.toJSON() : value) as Json | undefined;
}
