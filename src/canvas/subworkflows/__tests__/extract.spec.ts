import { JsonObject } from '../../../document/canonical';
import { extract } from '../extract';
import { edgeId, emptyFlow, IFlow } from '../../../document/flow';

function flowOf(nodes: Record<string, JsonObject>, ...arrows: string[]): IFlow {
  const flow = { ...emptyFlow(), nodes };
  for (const arrow of arrows) {
    const [source, output, target, input] = arrow.split(/\.|->/);
    const edge = { source, output, target, input };
    flow.edges[edgeId(edge)] = edge;
  }
  Object.keys(nodes).forEach((id, index) => (flow.positions[id] = [100 * index, 50]));
  return flow;
}

const code = (path: string, parameter?: string): JsonObject => ({
  type: 'executable',
  path,
  ...(parameter && { arguments: { value: { parameter } } })
});
const data: JsonObject = { type: 'dataset', path: 'rows.csv' };
const CHAIN = ['rows.data->a.table', 'a.out->b.table', 'b.out->c.table'];

describe('nodes that become a workflow', () => {
  const flow = flowOf(
    { rows: data, a: code('a.py', 'n'), b: code('b.py'), c: code('c.py') },
    ...CHAIN
  );
  flow.meta = { parameters: { n: { type: 'int' }, m: {} }, environment: 'lab' };

  it('keep their connections, and get ports for those to other nodes', () => {
    const { inner, edges, at } = extract(flow, ['a', 'b'], 'part')!;
    expect(Object.keys(inner.nodes)).toEqual(['a', 'b']);
    expect(Object.keys(inner.edges)).toEqual(['a.out->b.table']);
    expect(edges.map(edgeId)).toEqual(['rows.data->part.a.table', 'part.b.out->c.table']);
    expect(at).toEqual([100, 50]);
    expect(inner.positions).toEqual({ a: [0, 0], b: [100, 0] });
  });

  it('take the parameters that they use, and the environment', () => {
    const { inner, arguments: values } = extract(flow, ['a', 'b'], 'part')!;
    expect(inner.meta).toEqual({ parameters: { n: { type: 'int' } }, environment: 'lab' });
    expect(values).toEqual({ n: { parameter: 'n' } });
  });

  it('take a dataset that only they use', () => {
    expect(extract(flow, ['rows', 'a'], 'part')!.moved).toEqual(['rows', 'a']);
    const shared = flowOf(
      { rows: data, a: code('a.py'), b: code('b.py') },
      CHAIN[0],
      'rows.data->b.x'
    );
    const { moved, edges } = extract(shared, ['rows', 'a'], 'part')!;
    expect(moved).toEqual(['a']);
    expect(edges.map(edgeId)).toEqual(['rows.data->part.a.table']);
  });

  it('are refused if other nodes lie between them', () => {
    expect(extract(flow, ['a', 'c'], 'part')).toBeUndefined();
    expect(extract(flow, ['a', 'b', 'c'], 'part')).toBeDefined();
  });
});
