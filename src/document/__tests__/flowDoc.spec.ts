import * as Y from 'yjs';
import { edgeId, writeFlow } from '../flow';
import { FlowDoc, IFlowChange } from '../flowDoc';

const EDGE = { source: 'a', output: 'data', target: 'b', input: 'raw' };

/** Two windows on one document, wired together as a server would. */
function pair(): [FlowDoc, FlowDoc] {
  const one = new FlowDoc();
  const two = new FlowDoc();
  const wire = (from: FlowDoc, to: FlowDoc) =>
    from.ydoc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'net') {
        Y.applyUpdate(to.ydoc, update, 'net');
      }
    });
  wire(one, two);
  wire(two, one);
  one.addNode('a', { type: 'dataset', path: 'a.csv' }, [0, 0]);
  one.addNode('b', { type: 'executable', arguments: { n: { value: 1 } } }, [200, 0]);
  one.connect(EDGE);
  one.clearUndoHistory();
  return [one, two];
}

function heard(doc: FlowDoc): NonNullable<IFlowChange['flow']>[] {
  const changes: NonNullable<IFlowChange['flow']>[] = [];
  doc.changed.connect((_, change) => change.flow && changes.push(change.flow));
  return changes;
}

describe('FlowDoc', () => {
  it('K1: comes back from its text unchanged', () => {
    const [one, two] = pair();
    const copy = new FlowDoc();
    copy.setSource(one.getSource());
    expect(copy.getSource()).toBe(one.getSource());
    expect(two.getSource()).toBe(one.getSource());
    expect(one.getSource()).toBe(writeFlow(one.toJSON()));
  });

  it('is not changed by a node or edge that is called as the prototype of all objects', () => {
    const doc = new FlowDoc();
    const nodes = '{"__proto__": {"type": "dataset"}, "a": {"type": "dataset"}}';
    const edges = `{"__proto__": ${JSON.stringify({ ...EDGE, target: 'a' })}}`;
    doc.setSource(`{"version": 1, "meta": {}, "nodes": ${nodes}, "edges": ${edges}}`);
    expect(doc.node('a')).toEqual({ type: 'dataset' });
    expect(Object.keys(doc.toJSON().edges)).toEqual([]);
    expect(({} as Record<string, unknown>).type).toBeUndefined();
    expect(Object.keys({})).toEqual([]);
  });

  it('K12: changes to different fields both survive, and undo is local', () => {
    const [one, two] = pair();
    one.move([['a', [5, 5]]]);
    two.move([['b', [50, 50]]]);
    two.setArgument('b', 'n', { value: 2 });
    expect(one.undo()).toBe(true);
    expect(one.toJSON().positions).toEqual({ a: [0, 0], b: [50, 50] });
    expect(one.canUndo()).toBe(false);
    expect(two.undo()).toBe(true);
    expect(one.node('b')?.arguments).toEqual({ n: { value: 1 } });
    one.redo();
    expect(two.toJSON().positions.a).toEqual([5, 5]);
  });

  it('does not undo over a later change from elsewhere', () => {
    const [one, two] = pair();
    one.move([['a', [5, 5]]]);
    two.move([['a', [9, 9]]]);
    one.undo();
    expect(one.toJSON().positions.a).toEqual([9, 9]);
  });

  it('removes an edge by its ends, whatever its key in the document is', () => {
    const [one] = pair();
    const [edge] = one.allEdges();
    one.edit(() => {
      one.edges.forEach((_, id) => one.edges.delete(id));
      one.edges.set('first', new Y.Map<string>(Object.entries(edge)));
    });
    expect(one.allEdges()).toEqual([edge]);
    one.remove([], [edgeId(edge)]);
    expect(one.allEdges()).toEqual([]);
  });

  it('takes a node and its arrows in one step, and brings both back', () => {
    const [one, two] = pair();
    one.remove(['a']);
    expect(one.allEdges()).toEqual([]);
    expect(one.undoManager.undoStack).toHaveLength(1);
    one.undo();
    expect(two.allEdges()).toEqual([EDGE]);
    expect(two.node('a')).toEqual({ type: 'dataset', path: 'a.csv' });
  });

  it('joins nested edits into one step', () => {
    const [one] = pair();
    one.edit(() => {
      one.addNode('c', { type: 'executable' }, [1, 1]);
      one.connect({ ...EDGE, target: 'c' });
      one.setMeta('title', 'x');
    });
    expect(one.undoManager.undoStack).toHaveLength(1);
    one.undo();
    expect(one.node('c')).toBeUndefined();
    expect(one.meta.has('title')).toBe(false);
  });

  it('makes a gesture one step, however slow', () => {
    jest.useFakeTimers();
    const [one] = pair();
    one.move([['b', [1, 1]]]);
    const done = one.gesture();
    for (let step = 1; step < 4; step++) {
      one.move([['a', [step, step]]]);
      jest.advanceTimersByTime(700);
    }
    done();
    done();
    one.move([['b', [2, 2]]]);
    expect(one.undoManager.undoStack).toHaveLength(3);
    one.undo();
    one.undo();
    expect(one.toJSON().positions).toEqual({ a: [0, 0], b: [1, 1] });
    jest.useRealTimers();
  });

  it('hides an arrow whose node was deleted at the same time', () => {
    const one = new FlowDoc();
    const two = new FlowDoc();
    one.addNode('a', { type: 'dataset' }, [0, 0]);
    one.addNode('b', { type: 'executable' }, [0, 0]);
    Y.applyUpdate(two.ydoc, Y.encodeStateAsUpdate(one.ydoc));
    one.remove(['a']);
    two.connect(EDGE);
    Y.applyUpdate(two.ydoc, Y.encodeStateAsUpdate(one.ydoc));
    Y.applyUpdate(one.ydoc, Y.encodeStateAsUpdate(two.ydoc));
    expect(one.toJSON().edges).toEqual({});
    expect(one.getSource()).toBe(two.getSource());
    one.undo();
    expect(one.allEdges()).toEqual([EDGE]);
  });

  it('tells once per transaction which ids changed', () => {
    const [one, two] = pair();
    const changes = heard(two);
    one.addNode('c', { type: 'executable' }, [1, 1]);
    one.setArgument('b', 'n', { value: 3 });
    expect(changes).toEqual([
      { nodes: new Set(['c']), positions: new Set(['c']) },
      { nodes: new Set(['b']) }
    ]);
  });

  it('loads with the fewest changes, as one step', () => {
    const [one] = pair();
    const changes = heard(one);
    one.setSource(one.getSource().replace('[200, 0]', '[201, 0]'));
    expect(changes).toEqual([{ positions: new Set(['b']) }]);
    one.undo();
    expect(one.toJSON().positions.b).toEqual([200, 0]);
  });

  it('is dirty only after a real change', () => {
    const [one] = pair();
    one.dirty = false;
    one.move([['a', [0, 0]]]);
    one.setField('b', 'type', 'executable');
    one.setArgument('b', 'n', { value: 1 });
    expect(one.dirty).toBe(false);
    one.setField('b', 'label', 'B');
    expect(one.dirty).toBe(true);
  });

  it('removes fields and arguments that are undefined', () => {
    const [one] = pair();
    one.setField('b', 'label', 'x');
    one.setField('b', 'label', undefined);
    one.setArgument('b', 'n', undefined);
    one.setArgument('nobody', 'n', 1);
    expect(one.node('b')).toEqual({ type: 'executable', arguments: {} });
  });

  it('K1: shows text that is no workflow and does not overwrite it', () => {
    const [one] = pair();
    const before = one.getSource();
    one.setSource('<<<<<<< HEAD');
    expect(one.getSource()).toBe('<<<<<<< HEAD');
    expect(one.node('a')).toBeDefined();
    one.mend();
    expect(one.getSource()).toBe(before);
    one.setSource('[]');
    one.setSource(before);
    expect(one.broken).toBeUndefined();
  });
});
