/** Places the nodes of two versions of a workflow, and marks what differs. */
import { ComparedVersions } from '../../../api/types';
import { IEdge, IFlow, Position } from '../../../document/flow';

export type Mark = 'added' | 'removed' | 'changed' | 'same';

export interface IDrawnNode {
  id: string;
  title: string;
  at: Position;
  mark: Mark;
  accent: 'is-dataset' | 'is-notebook' | 'is-command';
}

export interface IDrawnEdge {
  id: string;
  from: Position;
  to: Position;
  mark: Mark;
}

export const [WIDTH, HEIGHT] = [200, 44];
const [COLUMN, ROW] = [270, 80];

/** Return the nodes and connections of both versions; those of the new one place the cards. */
export function drawn({ old, new: now, changes }: ComparedVersions): {
  nodes: IDrawnNode[];
  edges: IDrawnEdge[];
} {
  const [before, after] = [old, now] as unknown as IFlow[];
  const marks = new Map<string, Mark>();
  for (const { kind, place } of changes) {
    const [block, id = '', ...inside] = place;
    marks.set(`${block} ${id}`, inside.length ? 'changed' : kind);
  }
  const markOf = (block: string, id: string) => marks.get(`${block} ${id}`) ?? 'same';
  const all = { ...before.nodes, ...after.nodes };
  const edges: Record<string, IEdge> = { ...before.edges, ...after.edges };
  const columns = columnsOf(Object.keys(all), Object.values(edges));
  const places = { ...before.positions, ...after.positions };
  const at = (id: string): Position => places[id] ?? columns.get(id) ?? [0, 0];
  return {
    nodes: Object.entries(all).map(([id, { label, path, type }]) => ({
      id,
      title: String(label || path || id),
      at: at(id),
      mark: markOf('nodes', id),
      accent:
        type === 'dataset'
          ? 'is-dataset'
          : String(path).endsWith('.ipynb')
            ? 'is-notebook'
            : 'is-command'
    })),
    edges: Object.entries(edges)
      .filter(([, { source, target }]) => source in all && target in all)
      .map(([id, { source, target }]) => ({
        id,
        from: right(at(source)),
        to: left(at(target)),
        mark: markOf('edges', id)
      }))
  };
}

function right([x, y]: Position): Position {
  return [x + WIDTH, y + HEIGHT / 2];
}

function left([x, y]: Position): Position {
  return [x, y + HEIGHT / 2];
}

/** Return places for nodes without positions: each to the right of those that it needs. */
function columnsOf(ids: readonly string[], edges: readonly IEdge[]): Map<string, Position> {
  const column = new Map(ids.map(id => [id, 0]));
  for (let turn = 0; turn < ids.length; turn++) {
    const late = edges.filter(({ source, target }) => column.get(target)! <= column.get(source)!);
    late.forEach(({ source, target }) => column.set(target, column.get(source)! + 1));
    if (!late.length) {
      break;
    }
  }
  const rows = new Map<number, number>();
  return new Map(
    [...column].map(([id, x]) => {
      const y = rows.get(x) ?? 0;
      rows.set(x, y + 1);
      return [id, [x * COLUMN, y * ROW] as Position];
    })
  );
}
