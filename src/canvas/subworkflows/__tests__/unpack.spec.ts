import { emptyFlow, IFlow } from '../../../document/flow';
import { bench, IBench, steps } from '../../model/__tests__/fakes';
import { saveAsWorkflow } from '../saveAsWorkflow';
import { unpack, unpackWorkflow } from '../unpack';

jest.useFakeTimers();

const code = (path: string, more = {}) => ({ type: 'executable', path, ...more });

const INNER: IFlow = {
  ...emptyFlow(),
  meta: { title: 'Features', environment: 'inner', parameters: { seed: { default: 7 }, rate: {} } },
  nodes: {
    rows: { type: 'dataset', path: 'rows.csv' },
    clean: code('clean.ipynb', {
      arguments: {
        seed: { parameter: 'seed' },
        rate: { parameter: 'rate' },
        size: { value: 1 }
      },
      cpu: 1
    }),
    join: code('../join.R', { requirements: 'r.txt' }),
    plot: code('plot.R')
  },
  edges: {
    a: { source: 'rows', output: 'data', target: 'clean', input: 'table' },
    b: { source: 'clean', output: 'out', target: 'join', input: 'left' }
  },
  positions: { clean: [0, 0], join: [300, 0] },
  comments: { '#1': { text: 'x' } },
  groups: { '@1': { title: 'In', nodes: ['clean', 'join'] } }
};
const OUTER: IFlow = {
  ...emptyFlow(),
  nodes: {
    data: { type: 'dataset', path: 'data.csv' },
    part: code('lib/part.nbflow', {
      environment: 'outer',
      cpu: 4,
      pin: { run: 'r1' },
      arguments: { rate: { value: 2 } }
    }),
    use: code('use.py')
  },
  edges: {
    a: { source: 'data', output: 'data', target: 'part', input: 'rows' },
    b: { source: 'data', output: 'data', target: 'part', input: 'join.right' },
    c: { source: 'part', output: 'join.table', target: 'use', input: 'in' }
  }
};

describe('K9: the nodes of a sub-workflow', () => {
  const clip = unpack(OUTER, 'part', INNER, path => `lib/${path}`);

  it('have the settings, values and paths that they had in a run', () => {
    expect(clip.nodes).toEqual({
      'part.clean': code('lib/clean.ipynb', {
        arguments: { seed: { value: 7 }, rate: { value: 2 }, size: { value: 1 } },
        cpu: 1,
        environment: 'inner'
      }),
      'part.join': code('lib/../join.R', { requirements: 'lib/r.txt', cpu: 4 }),
      'part.plot': code('lib/plot.R', { environment: 'outer', cpu: 4 })
    });
  });

  it('have the connections of the card, and are in one group with their own groups', () => {
    expect(
      clip.edges.map(edge => `${edge.source}.${edge.output} ${edge.target}.${edge.input}`)
    ).toEqual([
      'part.clean.out part.join.left',
      'data.data part.clean.table',
      'data.data part.join.right',
      'part.join.table use.in'
    ]);
    expect(clip.groups['part.@1'].nodes).toEqual(['part.clean', 'part.join']);
    expect(clip.groups['part.']).toEqual({
      title: 'Features',
      nodes: ['part.rows', 'part.plot', 'part.#1', 'part.@1']
    });
  });
});

describe('K9: a sub-workflow', () => {
  let one: IBench;
  beforeEach(async () => (one = await bench()));
  afterEach(() => one.canvas.dispose());

  it('is unpacked into the group that it was saved from, in one undo step', async () => {
    const { canvas, settle } = one;
    const { contents, doc } = canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    await settle();
    const before = doc.toJSON();
    let content = '';
    jest.spyOn(contents, 'save').mockImplementation(async (_, model) => {
      content = String(model?.content);
      return {} as never;
    });
    canvas.store.select(['clean', 'train']);
    await saveAsWorkflow(canvas, 'part');
    const saved = doc.toJSON();
    const count = steps(canvas);
    jest.spyOn(contents, 'get').mockImplementation(async () => ({ content }) as never);
    canvas.store.select(['part']);
    await unpackWorkflow(canvas);
    const { groups, ...after } = doc.toJSON();
    expect({ ...after, groups: {} }).toEqual(before);
    expect(groups).toEqual({ '@1': { title: 'part', nodes: ['clean', 'train'] } });
    expect(canvas.store.selected).toEqual(['@1']);
    expect(steps(canvas)).toBe(count + 1);
    doc.undo();
    expect(doc.toJSON()).toEqual(saved);
    content = 'no workflow';
    canvas.store.select(['part']);
    await unpackWorkflow(canvas);
    expect(doc.toJSON()).toEqual(saved);
    expect(canvas.ui.notice).toMatchObject({ problem: true });
  });
});
