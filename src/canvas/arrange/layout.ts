import { Graph, layout } from '@dagrejs/dagre';
import { IEdge, Position } from '../../document/flow';

export interface ISize {
  id: string;
  width: number;
  height: number;
}

/** Return positions from left to right, so that connections point forward. */
export function layered(nodes: readonly ISize[], edges: readonly IEdge[]): [string, Position][] {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 40, ranksep: 90 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) {
    graph.setNode(id, { width, height });
  }
  for (const { source, target } of edges) {
    graph.setEdge(source, target);
  }
  layout(graph);
  return nodes.map(({ id, width, height }) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return [id, [Math.round(x - width / 2), Math.round(y - height / 2)]];
  });
}
