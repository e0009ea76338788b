/** Places for nodes of files that were written by hand. */
import { naturally } from '../../../components/format/names';
import { Position } from '../../../document/flow';
import type { FlowDoc } from '../../../document/flowDoc';
import { layered } from './layout';

/** A card with a result, and the shape of a window. */
const CARD = { width: 232, height: 200 };
const VIEW = { width: 1100, height: 700 };
/** A layout of thousands of nodes takes minutes: more than these are in rows of this length. */
const [MANY, ROW] = [200, 20];

/** The places of nodes: a node without one has the place that an arrangement gives it. */
export class Places {
  constructor(private readonly doc: FlowDoc) {}

  of(id: string): Position {
    return this.doc.positions.get(id) ?? this._arranged.get(id) ?? this._arrange().get(id)!;
  }

  /** The places that the document lacks. */
  get missing(): [string, Position][] {
    return [...this._arranged].filter(([id]) => !this.doc.positions.has(id));
  }

  private _arrange(): ReadonlyMap<string, Position> {
    const ids = [...this.doc.nodes.keys()].sort(naturally);
    this._arranged = new Map(
      ids.length > MANY
        ? ids.map((id, at) => [id, [(at % ROW) * 280, Math.floor(at / ROW) * 240]])
        : layered(
            ids.map(id => ({ id, ...CARD })),
            this.doc.allEdges(),
            VIEW
          )
    );
    return this._arranged;
  }

  private _arranged: ReadonlyMap<string, Position> = new Map();
}
