import type { IBroken } from '../diagram/ends';
import { MEASURED } from '../diagram/projection';
import { IBench, bench, steps } from './fakes';

jest.useFakeTimers();

describe('FlowStore', () => {
  let one: IBench;
  beforeEach(async () => (one = await bench()));
  afterEach(() => one.canvas.dispose());

  it('renews only the objects of what changed', () => {
    const { store, doc } = one.canvas;
    const [clean, sales, train] = store.nodes;
    doc.setField('clean', 'label', 'Clean');
    expect(store.nodes[0]).not.toBe(clean);
    expect(store.nodes[0].data.fields.label).toBe('Clean');
    expect(store.nodes[1]).toBe(sales);
    expect(store.nodes[2]).toBe(train);
  });

  it('makes a drag of several nodes one undo step', () => {
    const { store, doc } = one.canvas;
    for (const x of [10, 20, 30]) {
      store.onNodesChange([
        { id: 'sales', type: 'position', position: { x, y: 0 }, dragging: true },
        { id: 'clean', type: 'position', position: { x: 300 + x, y: 0.4 }, dragging: true }
      ]);
    }
    expect(steps(one.canvas)).toBe(0);
    store.onNodesChange([{ id: 'sales', type: 'position', dragging: false }]);
    expect(doc.toJSON().positions).toMatchObject({ sales: [30, 0], clean: [330, 0] });
    expect(steps(one.canvas)).toBe(1);
    doc.undo();
    expect(store.place('sales')).toEqual([0, 0]);
  });

  it('K2: keeps nodes in the order in which people count', () => {
    const { store, doc } = one.canvas;
    doc.edit(() => ['n10', 'n2', 'n1'].forEach(id => doc.addNode(id, {}, [0, 0])));
    expect(store.nodes.slice(3).map(({ id }) => id)).toEqual(['n1', 'n2', 'n10']);
  });

  it('knows how far below each card the next one is', () => {
    const { store, doc } = one.canvas;
    const rooms = () => store.nodes.map(({ id, data }) => [id, data.room]);
    doc.move([
      ['clean', [0, 0]],
      ['sales', [100, 150]],
      ['train', [300, 90]]
    ]);
    expect(rooms()).toEqual([
      ['clean', 150],
      ['sales', undefined],
      ['train', 60]
    ]);
    doc.setField('clean', 'label', 'Clean');
    expect(rooms()[0]).toEqual(['clean', 150]);
    const [, sales] = store.nodes;
    doc.move([['clean', [600, 0]]]);
    expect(rooms()[0]).toEqual(['clean', undefined]);
    expect(store.nodes[1]).toBe(sales);
  });

  it('leaves removals to the document', () => {
    const { store, doc } = one.canvas;
    store.onNodesChange([{ id: 'sales', type: 'remove' }]);
    expect(doc.nodes.has('sales')).toBe(true);
    expect(store.nodes).toHaveLength(3);
  });

  it('shows and hides arrows with their ends', () => {
    const { store, doc } = one.canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    expect(store.edges.map(edge => edge.id)).toEqual(['sales.data->clean.raw']);
    doc.remove(['sales']);
    expect(store.edges).toEqual([]);
    doc.undo();
    expect(store.edges).toHaveLength(1);
    expect(store.nodes).toHaveLength(3);
  });

  it('keeps the selection over changes of the document', () => {
    const { store, doc } = one.canvas;
    store.select(['clean', 'train']);
    doc.move([['clean', [1, 1]]]);
    expect(store.selected).toEqual(['clean', 'train']);
    store.select([]);
    expect(store.selected).toEqual([]);
  });

  it('arranges nodes without a place in the order of their connections', () => {
    const { doc } = one.canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    [...doc.positions.keys()].forEach(id => doc.positions.delete(id));
    const { store } = one.canvas;
    const across = ['sales', 'clean', 'train'].map(id => store.place(id)[0]);
    expect(across).toEqual([...across].sort((left, right) => left - right));
    expect(new Set(across).size).toBe(3);
  });

  it('keeps the places of the other nodes when the first one without a place is moved', () => {
    const { store, doc } = one.canvas;
    [...doc.positions.keys()].forEach(id => doc.positions.delete(id));
    const before = store.place('train');
    const position = { x: 7, y: 8 };
    store.onNodesChange([{ id: 'clean', type: 'position', position, dragging: true }]);
    store.onNodesChange([{ id: 'clean', type: 'position', position, dragging: false }]);
    expect(doc.positions.get('clean')).toEqual([7, 8]);
    expect(doc.positions.get('train')).toEqual(before);
  });

  it('moves the connections of the few that run, and colours those whose data has arrived', () => {
    const { store, doc } = one.canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    one.runs.states.set('clean', { state: 'running' });
    store.refresh(['clean', 'train']);
    expect(store.edges[0].animated).toBe(true);
    const before = store.edges;
    store.refresh(['clean']);
    expect(store.edges).toBe(before);
    one.runs.states.set('clean', { state: 'succeeded' });
    store.refresh(['clean']);
    expect(store.edges[0].animated).toBe(false);
    one.runs.states.set('sales', { state: 'succeeded' });
    store.refresh(['sales']);
    expect(store.edges[0].className).toBe('nby-mod-table nby-mod-arrived');
    one.runs.states.set('sales', { state: 'queued' });
    store.refresh(['sales']);
    expect(store.edges[0].className).toBe('nby-mod-table nby-mod-awaited');
  });

  it('K16: turns the connections red whose data break a contract', () => {
    const { store, doc } = one.canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    const look = (broken?: IBroken) => {
      one.runs.states.set('clean', { state: 'failed', broken });
      store.refresh(['clean']);
      return store.edges.map(({ className }) => className?.includes('nby-mod-broken'));
    };
    expect(look(undefined)).toEqual([false, false]);
    expect(look({ outputs: ['tidy'], inputs: [] })).toEqual([false, true]);
    expect(look({ outputs: [], inputs: ['raw'] })).toEqual([true, false]);
  });

  it('K1: knows where arrows end at cards of a large workflow that were never drawn', () => {
    const { store, doc } = one.canvas;
    doc.edit(() => {
      for (let number = 0; number <= MEASURED; number++) {
        doc.addNode(`n${number}`, { type: 'executable', path: 'clean.ipynb' }, [0, number]);
      }
    });
    doc.connect({ source: 'sales', output: 'data', target: 'n7', input: 'raw' });
    expect(store.node('n7')!.handles).toMatchObject([{ id: 'raw', type: 'target' }]);
    expect(store.node('n8')!.handles).toEqual([]);
    const dimensions = { width: 240, height: 90 };
    store.onNodesChange([{ id: 'n7', type: 'dimensions', dimensions }]);
    expect(store.node('n7')!.handles).toBeUndefined();
    store.forget(new Set(['n7']));
    expect(store.node('n7')).toMatchObject({ handles: [{ id: 'raw' }], measured: undefined });
  });
});
