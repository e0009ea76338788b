/** React Flow's nodes and edges of a document: a folded group stands for what is in it. */
import { Edge, Node, NodeHandle, Position as Side } from '@xyflow/react';
import { dataKind } from '../../../components/format/dataKinds';
import { naturally } from '../../../components/format/names';
import { JsonObject } from '../../../document/canonical';
import { isComment, isGroup, Position } from '../../../document/flow';
import type { FlowDoc, IFlowChange } from '../../../document/flowDoc';
import { edgeOf, handleOf, IBroken } from './ends';
import { framesAround, withStrangers } from './frames';
import { GroupTree } from './groupTree';
import { BEHIND, sizeOf } from './items';
import { Places } from './unplaced';

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
/** Frames are below comments, the inner ones above the outer ones. */
const FRAMES = 2 * BEHIND;

type CardType = 'card' | 'comment' | 'folded' | 'frame';

/** `room` is the distance to the next card below. */
export type CardNode = Node<{ fields: JsonObject; room?: number }, CardType>;

/** Other data about cards. */
export interface ICards {
  /** The element that names a card for screen readers. */
  nameOf(id: string): string;
  /** Known names of a card's ports: inputs, outputs. */
  portsOf(id: string, tree: GroupTree): readonly (readonly string[])[];
  /** The state in the newest run, if there is one. */
  stateOf(id: string): string | undefined;
  /** The outputs and inputs of a card that break a contract in the newest run. */
  brokenAt(id: string): IBroken | undefined;
  /** The format of an output, once it is known. */
  formatOf(id: string, output: string): string | undefined;
}

/** A node in these states will provide its data. */
const AWAITED = new Set<string | undefined>(['waiting', 'queued', 'preparing', 'running']);
/** Animated connections of more running nodes would take all the browser's time. */
const LIVELY = 30;

export class Projection {
  constructor(
    private readonly doc: FlowDoc,
    private readonly cards: ICards
  ) {
    this.places = new Places(doc);
    this.tree = new GroupTree(doc);
    this.isLarge = doc.nodes.size > MEASURED;
  }

  readonly places: Places;
  tree: GroupTree;
  isLarge: boolean;
  /** Where a drag in progress has moved cards. */
  dragged?: ReadonlyMap<string, Position>;
  /** Whether few enough nodes run for animations. */
  lively = true;

  all(): CardNode[] {
    const { nodes, comments, groups } = this.doc;
    const ids = [nodes, comments, groups].flatMap(block => [...block.keys()].sort(naturally));
    return this.framed(ids.flatMap(id => this.make(id) ?? []));
  }

  /** Read the groups again after a change, and return the ids whose cards appear or disappear. */
  follow({ nodes, comments, groups }: NonNullable<IFlowChange['flow']>): string[] {
    this.isLarge = this.doc.nodes.size > MEASURED;
    const before = this.tree;
    if (!(groups ?? nodes ?? comments) || (before.isEmpty && !this.doc.groups.size)) {
      return [];
    }
    this.tree = new GroupTree(this.doc);
    const ids = new Set([...before.grouped, ...this.tree.grouped]);
    return [...ids].filter(
      id =>
        before.shownAs(id) !== this.tree.shownAs(id) || before.parent(id) !== this.tree.parent(id)
    );
  }

  /** The place of a card, drawn or not; a group is at the upper left of its members. */
  placeOf(id: string): Position {
    const own = this.dragged?.get(id) ?? this.doc.positions.get(id);
    if (own || !this.doc.has(id)) {
      return own ?? [0, 0];
    }
    if (!isGroup(id)) {
      return isComment(id) ? [0, 0] : this.places.of(id);
    }
    const places = this.tree.leaves(id).map(leaf => this.placeOf(leaf));
    return [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))];
  }

  /** Return the node, comment or group as a card; undefined if a folded group hides it. */
  make(id: string, old?: CardNode): CardNode | undefined {
    if (this.tree.shownAs(id) !== id) {
      return undefined;
    }
    if (isComment(id)) {
      return this._comment(id, old);
    }
    return isGroup(id) ? this._group(id, old) : this._node(id, old);
  }

  edge(id: string, old?: Edge): Edge | undefined {
    const edge = this.doc.edge(id);
    if (!edge) {
      return undefined;
    }
    const [source, target] = [this.tree.shownAs(edge.source), this.tree.shownAs(edge.target)];
    if (source === target) {
      return undefined;
    }
    const ends = {
      id,
      source,
      sourceHandle: handleOf(source, edge.source, edge.output),
      target,
      targetHandle: handleOf(target, edge.target, edge.input)
    };
    const ariaLabel = `${edge.source}.${edge.output} → ${edge.target}.${edge.input}`;
    return { ...old, ...ends, ...this.look(ends), ariaLabel };
  }

  /** Return the colour and the movement of a connection. */
  look(link: Edge): Pick<Edge, 'animated' | 'className'> {
    const { source, output, target, input } = edgeOf(link);
    const isBroken =
      this.cards.brokenAt(source)?.outputs.includes(output) ||
      this.cards.brokenAt(target)?.inputs.includes(input);
    const state = this.cards.stateOf(source);
    const kind = dataKind(this.cards.formatOf(source, output) ?? '');
    const flow = state === 'succeeded' ? 'arrived' : AWAITED.has(state) ? 'awaited' : 'idle';
    return {
      animated: this.lively && this._running.has(target),
      className: `nby-mod-${kind} nby-mod-${isBroken ? 'broken' : flow}`
    };
  }

  /** Note which nodes run; return whether animations start or end everywhere. */
  run(ids: Iterable<string>): boolean {
    for (const id of ids) {
      this._running[this.cards.stateOf(id) === 'running' ? 'add' : 'delete'](id);
    }
    const { lively } = this;
    this.lively = this._running.size <= LIVELY;
    return lively !== this.lively;
  }

  /** Return the nodes with the frames around the changed ones, or with all frames. */
  framed(nodes: CardNode[], changed?: Iterable<string>): CardNode[] {
    if (this.tree.isEmpty && !this._hasFrames) {
      return nodes;
    }
    this._hasFrames = !this.tree.isEmpty;
    return withStrangers(this.tree, framesAround(this.tree, nodes, changed));
  }

  /** Return the likely places of ports, to draw connections to cards that are not drawn. */
  guessed(id: string): Partial<CardNode> {
    if (!this.isLarge) {
      return {};
    }
    const sides = this.cards.portsOf(id, this.tree);
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

  private _node(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.node(id);
    return fields && this._card(id, 'card', fields, old);
  }

  private _card(
    id: string,
    type: 'card' | 'folded',
    fields: JsonObject,
    old?: Partial<CardNode>
  ): CardNode {
    return {
      ...SIZE,
      ...old,
      ...(old?.measured ? {} : this.guessed(id)),
      ...this._common(id, fields, old?.data?.room),
      type
    };
  }

  /** Comments are behind the nodes, which they may frame. */
  private _comment(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.comment(id);
    if (!fields) {
      return undefined;
    }
    const [initialWidth, initialHeight] = sizeOf(fields);
    return {
      ...old,
      ...this._common(id, fields),
      initialWidth,
      initialHeight,
      type: 'comment',
      connectable: false,
      zIndex: BEHIND
    };
  }

  /** A folded group is a card. An open one is a frame, of which only the head takes the pointer. */
  private _group(id: string, old?: CardNode): CardNode | undefined {
    const fields = this.doc.groups.get(id)?.toJSON() as JsonObject | undefined;
    if (!fields || !this.tree.leaves(id).length) {
      return undefined;
    }
    const type = this.tree.isFolded(id) ? 'folded' : 'frame';
    const kept: Partial<CardNode> = old?.type === type ? old : { selected: old?.selected };
    if (type === 'folded') {
      return this._card(id, type, fields, kept);
    }
    return {
      ...kept,
      ...this._common(id, fields),
      type,
      connectable: false,
      style: { pointerEvents: 'none' },
      zIndex: FRAMES + this.tree.above(id).length
    };
  }

  private _common(id: string, fields: JsonObject, room?: number) {
    const [x, y] = this.placeOf(id);
    return {
      id,
      data: { fields, room },
      position: { x, y },
      ariaRole: 'group' as const,
      domAttributes: { tabIndex: -1, 'aria-labelledby': this.cards.nameOf(id) }
    };
  }

  private readonly _running = new Set<string>();
  /** Whether cards may be marked that lie in frames. */
  private _hasFrames = false;
}
