import type { Lineage, LineageNode } from '../../../../api/types';
import { HEIGHT, edgePath, layoutOf, WIDTH } from '../places';

const node = (id: string, column: number) =>
  ({ id, kind: 'task', name: id, column }) as LineageNode;
const edge = (source: string, target: string, name = '') => ({ source, target, name });

const graph: Lineage = {
  nodes: [
    ...[node('a', 0), node('b', 0), node('c', 0)],
    ...[node('x', 2), node('y', 2)],
    node('z', 3)
  ],
  edges: [
    ...[edge('a', 'y'), edge('a', 'y', 'again'), edge('b', 'x'), edge('c', 'x'), edge('x', 'z')],
    edge('y', 'z')
  ]
};

describe('the places of a lineage', () => {
  it('lead from left to right, without empty columns', () => {
    const { nodes, width, height } = layoutOf(graph);
    const at = new Map(nodes.map(one => [one.id, one]));
    for (const { source, target } of graph.edges) {
      expect(at.get(target)!.x).toBeGreaterThanOrEqual(at.get(source)!.x + WIDTH);
    }
    expect(new Set(nodes.map(({ x }) => x)).size).toBe(3);
    expect(Math.max(...nodes.map(({ x }) => x)) + WIDTH).toBeLessThanOrEqual(width);
    expect(Math.max(...nodes.map(({ y }) => y)) + HEIGHT).toBeLessThanOrEqual(height);
  });

  it('do not cover each other', () => {
    const { nodes } = layoutOf(graph);
    for (const one of nodes) {
      for (const other of nodes.filter(({ id, x }) => id !== one.id && x === one.x)) {
        expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(HEIGHT);
      }
    }
  });

  it('are near their neighbours: connections that need not cross do not', () => {
    const { nodes } = layoutOf(graph);
    const y = (id: string) => nodes.find(one => one.id === id)!.y;
    expect(y('a') < y('b')).toBe(y('y') < y('x'));
    expect(y('a') < y('c')).toBe(y('y') < y('x'));
  });

  it('name each neighbour once', () => {
    const { before, after } = layoutOf(graph);
    expect(before.get('y')!.map(({ id }) => id)).toEqual(['a']);
    expect(after.get('a')!.map(({ id }) => id)).toEqual(['y']);
  });

  it('of one node are a place', () => {
    const { nodes, width } = layoutOf({ nodes: [node('a', 0)], edges: [] });
    expect(nodes).toHaveLength(1);
    expect(width).toBeGreaterThan(WIDTH);
    expect(edgePath(nodes[0], { ...nodes[0], x: 300 })).toMatch(/^M\d/);
  });
});
