import calledCases from '../../../tests/cases/called.json';
import canonicalCases from '../../../tests/cases/canonical.json';
import edgeCases from '../../../tests/cases/edges.json';
import flowCases from '../../../tests/cases/flow.json';
import mergeCases from '../../../tests/cases/merges.json';
import { nameForFile, isModelFile } from '../called';
import { canonical, same } from '../canonical';
import { checkEdge, fittingEdges, IPorts } from '../edges';
import { emptyFlow, IEdge, IFlow, parseFlow } from '../flow';
import { merge3 } from '../merge';

describe('K1: canonical text', () => {
  it.each(canonicalCases)('$name', ({ text, canonical: expected }) => {
    expect(canonical(JSON.parse(text))).toBe(expected);
    expect(canonical(JSON.parse(expected))).toBe(expected);
  });

  it('compares values whatever the order of keys', () => {
    expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(same({ a: 1 }, { a: 2 })).toBe(false);
    expect(same(undefined, null)).toBe(false);
  });
});

describe('K1: what is a workflow', () => {
  it.each(flowCases)('$name', ({ text, workflow }) => {
    expect(parseFlow(text) !== undefined).toBe(workflow);
  });
});

describe('K1, K18: what two sides changed', () => {
  it.each(mergeCases)('$what', ({ base, mine, theirs, merged, clashes }) => {
    const flow = (nodes: object) => ({ ...emptyFlow(), nodes }) as IFlow;
    const made = merge3(flow(base), flow(mine), flow(theirs));
    expect(made.flow.nodes).toEqual(merged);
    expect(made.clashes.sort()).toEqual(clashes);
  });
});

describe('E11: what a file is called among others', () => {
  it.each(calledCases.cases)('$path', one => {
    expect(nameForFile(one.path)).toBe(one.called);
  });
});

describe('E7: a file that describes a model', () => {
  it('is known by its name, as by the server', () => {
    const files = ['churn/nervosum.yaml', 'model.yml', 'MLmodel', 'values.yaml', 'a.model.yaml'];
    expect(files.map(isModelFile)).toEqual([true, true, true, false, false]);
  });
});

const nodes: Record<string, IPorts> = edgeCases.nodes as Record<string, IPorts>;

describe('K4: which arrow may be drawn', () => {
  it.each(edgeCases.cases)('$name', one => {
    const all = { ...nodes, ...((one as { nodes?: object }).nodes ?? {}) } as typeof nodes;
    const edges = (one as { edges?: IEdge[] }).edges ?? edgeCases.edges;
    expect(checkEdge(one.edge, edges, id => all[id]) ?? null).toBe(one.refused);
  });
});

describe('K3: an arrow dropped on the body of a node', () => {
  const ports = (id: string) => nodes[id];

  it('finds the one fitting free input', () => {
    const from = { node: 'sales', port: 'data' };
    expect(fittingEdges(from, 'train', edgeCases.edges, ports).edges).toEqual([
      { source: 'sales', output: 'data', target: 'train', input: 'extra' }
    ]);
  });

  it('finds several', () => {
    const fit = fittingEdges({ node: 'sales', port: 'data' }, 'train', [], ports);
    expect(fit.edges.map(edge => edge.input)).toEqual(['data', 'extra']);
  });

  it('goes backwards from an input', () => {
    const fit = fittingEdges({ node: 'score', port: 'table' }, 'clean', [], ports);
    expect(fit.edges.map(edge => edge.output)).toEqual(['log']);
  });

  it('says why none fits', () => {
    const none = fittingEdges({ node: 'sales', port: 'data' }, 'clean', edgeCases.edges, ports);
    expect(none).toEqual({ edges: [], refused: 'taken' });
    expect(fittingEdges({ node: 'clean', port: 'log' }, 'sales', [], ports).refused).toBe(
      'no-input'
    );
  });

  it('E5: says that a node has no named input or output, once it was read', () => {
    const at = (id: string): IPorts | undefined =>
      ({ alone: { type: 'executable', arguments: [] }, unread: { type: 'executable' } })[id] ??
      nodes[id];
    const refused = (node: string, port: string, to: string) =>
      fittingEdges({ node, port }, to, [], at).refused;
    expect(refused('sales', 'data', 'alone')).toBe('no-input');
    expect(refused('train', 'data', 'alone')).toBe('no-output');
    expect(refused('sales', 'data', 'unread')).toBe('unknown-port');
  });
});
