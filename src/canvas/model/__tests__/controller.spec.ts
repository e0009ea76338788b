import { MEASURED } from '../diagram/projection';
import { insertOrConnect } from '../../stage/insertOrConnect';
import {
  connect,
  connectAutomatically,
  connectByList,
  connectToNode,
  refusal
} from '../connecting';
import {
  addFiles,
  addRow,
  clipboardText,
  move,
  pasteText,
  relativePath,
  removeSelection,
  rename,
  resolvePath
} from '../editing';
import { nearest, nextProblem, viewFor } from '../../stage/navigation';
import { run } from '../../commands/running';
import { cardLabel, isAlone } from '../texts';
import { newId } from '../../../document/nodeId';
import { shiftInto } from '../focus';
import { bench, IBench, nodesOf, steps, READINGS } from './fakes';

jest.useFakeTimers();

const RAW = { source: 'sales', output: 'data', target: 'clean', input: 'raw' };
const DATA = { source: 'clean', output: 'tidy', target: 'train', input: 'data' };

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

describe('what the server says', () => {
  it('K4: gives ports, marks and problems to the cards', async () => {
    const { canvas, backend, settle } = one;
    expect(canvas.views.get('clean')).toMatchObject({
      kind: 'notebook',
      inputs: [{ name: 'raw', state: 'missing' }],
      outputs: [{ name: 'tidy', state: 'free' }]
    });
    backend.problems = [{ node: 'clean', message: 'raw needs a connection' }];
    void connect(canvas, RAW);
    await settle();
    expect(canvas.views.get('clean')).toMatchObject({
      inputs: [{ name: 'raw', state: 'connected' }],
      problems: ['raw needs a connection']
    });
  });

  it('is asked once for many edits, and not for mere moves', async () => {
    const { canvas, backend, settle } = one;
    const before = backend.questions.length;
    canvas.doc.setField('clean', 'label', 'a');
    canvas.doc.setField('clean', 'label', 'b');
    await settle();
    canvas.doc.move([['clean', [9, 9]]]);
    await settle();
    expect(backend.questions).toHaveLength(before + 1);
    expect(backend.questions.pop()!.path).toBe('work/flow.nbflow');
  });

  it('keeps arrows drawn, and asks again, while the server is away', async () => {
    const { canvas, backend, settle } = one;
    void connect(canvas, RAW);
    backend.failure = new Error('gone');
    canvas.doc.setField('clean', 'path', 'other.ipynb');
    await settle();
    expect(canvas.checker.unreachable).toBe('gone');
    backend.failure = undefined;
    await jest.advanceTimersByTimeAsync(11_000);
    expect(canvas.checker.unreachable).toBeUndefined();
    expect(canvas.views.get('clean')!.inputs).toMatchObject([{ name: 'raw', state: 'gone' }]);
  });

  it('asks again about a document that the server refused only after a change', async () => {
    const { canvas, backend, settle } = one;
    backend.failure = Object.assign(new Error('document: unknown field'), { status: 422 });
    canvas.doc.setField('clean', 'label', 'a');
    await settle();
    expect(canvas.checker).toMatchObject({
      isInvalid: true,
      unreachable: 'document: unknown field'
    });
    backend.failure = undefined;
    const asked = backend.questions.length;
    await jest.advanceTimersByTimeAsync(31_000);
    expect(backend.questions).toHaveLength(asked);
    canvas.doc.setField('clean', 'label', 'b');
    await settle();
    expect(canvas.checker).toMatchObject({ isInvalid: false, unreachable: undefined });
  });

  it('keeps the ports of a script that cannot be read, whose problem is something else', async () => {
    const { canvas, settle } = one;
    void connect(canvas, RAW);
    const problem = 'broken.py, line 3: invalid syntax';
    READINGS['broken.py'] = { name: 'broken.py', kind: 'command', arguments: [], problem };
    canvas.doc.setField('clean', 'path', 'broken.py');
    await settle();
    delete READINGS['broken.py'];
    const { inputs, problems } = canvas.views.get('clean')!;
    expect(inputs).toMatchObject([{ name: 'raw', state: 'connected' }]);
    expect(problems).toEqual([problem]);
  });

  it('K2: tells nodes with one title by their ids, as long as there are two', () => {
    const { canvas } = one;
    const heard = jest.fn();
    canvas.views.subscribe('clean', heard);
    expect(canvas.views.get('clean')!.alike).toBe(false);
    canvas.doc.setField('train', 'path', 'clean.ipynb');
    expect([canvas.views.get('clean')!.alike, canvas.views.get('train')!.alike]).toEqual([
      true,
      true
    ]);
    expect(heard).toHaveBeenCalled();
    expect(cardLabel(canvas.views.get('train'), canvas.trans)).toContain('clean.ipynb, train');
    canvas.doc.setField('train', 'label', 'another');
    expect(canvas.views.get('clean')!.alike).toBe(false);
  });

  it('K5: shows the run of a node, and those that were not touched stay as they are', () => {
    const { canvas, runs } = one;
    const before = canvas.views.get('train');
    const heard = jest.fn();
    canvas.views.subscribe('clean', heard);
    runs.states.set('clean', { state: 'running', progress: 0.5, detail: 'cell 1/2' });
    runs.changed.emit(new Set(['clean']));
    expect(canvas.views.get('clean')!.run).toMatchObject({ state: 'running' });
    expect(canvas.views.get('train')).toBe(before);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(cardLabel(canvas.views.get('clean'), canvas.trans)).toContain('running');
  });

  it('asks again only after the time that an answer takes', async () => {
    const { canvas, backend, settle } = one;
    const slow = backend.check.bind(backend);
    backend.check = async (...asked) => {
      await new Promise(done => setTimeout(done, 2000));
      return slow(...asked);
    };
    canvas.checker.ask(0);
    await jest.advanceTimersByTimeAsync(2100);
    const before = backend.questions.length;
    canvas.doc.setField('clean', 'label', 'C');
    await jest.advanceTimersByTimeAsync(1900);
    expect(canvas.checker.settled).toBe(false);
    await jest.advanceTimersByTimeAsync(2200);
    expect(backend.questions).toHaveLength(before + 1);
    await settle();
  });
});

describe('arrows', () => {
  it('K4: are refused with the reason', async () => {
    const { canvas } = one;
    expect(await connect(canvas, RAW)).toBe(true);
    expect(await connect(canvas, { ...RAW, source: 'train', output: 'model' })).toBe(false);
    expect(canvas.ui.notice).toMatchObject({ problem: true });
    expect(canvas.ui.notice!.text).toContain('raw');
    expect(refusal(canvas, { ...DATA, input: 'model' })).toContain('output to an input');
    expect(canvas.doc.allEdges()).toEqual([RAW]);
  });

  it('K3: dropped on a card take the one input that fits', async () => {
    const { canvas } = one;
    await connectToNode(canvas, { node: 'sales', port: 'data' }, 'clean');
    expect(canvas.doc.allEdges()).toEqual([RAW]);
    expect(steps(canvas)).toBe(1);
  });

  it('K3: dropped on a card ask when several fit', async () => {
    const { canvas } = one;
    const asked = connectToNode(canvas, { node: 'clean', port: 'tidy' }, 'train');
    expect(canvas.ui.picker!.items.map(item => item.label)).toEqual(['data', 'extra']);
    canvas.ui.picker!.done(canvas.ui.picker!.items[1]);
    await asked;
    expect(canvas.doc.allEdges()).toMatchObject([{ input: 'extra' }]);
    expect(canvas.ui.picker).toBeUndefined();
  });

  it('K3: are drawn all at once from proposals, and none that the rules refuse', async () => {
    const { canvas, backend, settle } = one;
    backend.proposals = [RAW, DATA, { ...DATA, input: 'data', source: 'sales', output: 'data' }];
    canvas.checker.ask(0);
    await settle();
    expect(connectAutomatically(canvas)).toBe(2);
    expect(steps(canvas)).toBe(1);
    canvas.doc.undo();
    expect(canvas.doc.allEdges()).toEqual([]);
  });

  it('K3: says which inputs stay open because several outputs fit', async () => {
    const { canvas, backend, settle } = one;
    backend.proposals = [RAW];
    canvas.checker.ask(0);
    await settle();
    connectAutomatically(canvas);
    expect(canvas.ui.notice!.text).toBe(
      'Added one connection. 2 inputs fit several outputs: data of train.ipynb, extra of train.ipynb.'
    );
  });

  it('K1: a thing dropped on a card gets the one proposed arrow, all as one step', async () => {
    const { canvas, backend, settle } = one;
    canvas.doc.remove(['clean'], []);
    const before = steps(canvas);
    const dropped = insertOrConnect(canvas, 'sales', async () => {
      canvas.doc.addNode('clean', { type: 'executable', path: 'clean.ipynb' }, [0, 0]);
      backend.proposals = [RAW, DATA];
      return ['clean'];
    });
    await settle();
    await dropped;
    expect(canvas.doc.allEdges()).toMatchObject([RAW]);
    expect(steps(canvas)).toBe(before + 1);
    canvas.doc.undo();
    expect(canvas.doc.nodes.has('clean')).toBe(false);
  });

  it('K3: a dataset dropped on a notebook feeds it, and stands before it', async () => {
    const { canvas, settle } = one;
    canvas.doc.remove(['sales'], []);
    const dropped = insertOrConnect(canvas, 'clean', async () => {
      canvas.doc.addNode('sales', { type: 'dataset', path: 'sales.csv' }, [0, 0]);
      return ['sales'];
    });
    await settle();
    await dropped;
    expect(canvas.doc.allEdges()).toEqual([RAW]);
    expect(canvas.store.place('sales')[0]).toBeLessThan(canvas.store.place('clean')[0]);
  });

  it('K3: where several arrows fit, the proposed one is drawn, or none', async () => {
    const { canvas, backend, settle } = one;
    const drop = async (proposals: typeof backend.proposals) => {
      canvas.doc.remove(['train'], []);
      const dropped = insertOrConnect(canvas, 'clean', async () => {
        canvas.doc.addNode('train', { type: 'executable', path: 'train.ipynb' }, [0, 0]);
        backend.proposals = proposals;
        return ['train'];
      });
      await settle();
      await dropped;
    };
    await drop([]);
    expect(canvas.doc.allEdges()).toEqual([]);
    expect(canvas.ui.notice!.text).toContain('Several connections are possible');
    await drop([DATA]);
    expect(canvas.doc.allEdges()).toEqual([DATA]);
  });

  it('K2: are drawn by keyboard from a list', async () => {
    const { canvas } = one;
    const asked = connectByList(canvas, 'sales');
    const labels = canvas.ui.picker!.items.map(item => item.label);
    expect(labels).toContain('data → clean.ipynb.raw');
    canvas.ui.picker!.done(undefined);
    await asked;
    expect(canvas.doc.allEdges()).toEqual([]);
  });
});

describe('E5: an executable without a named input or output', () => {
  it('runs alone, and says why it cannot be connected', async () => {
    const { canvas, settle } = one;
    canvas.doc.addNode('alone', { type: 'executable', path: 'alone.ipynb' }, [0, 300]);
    await settle();
    expect(isAlone(canvas.views.get('alone')!)).toBe(true);
    expect(isAlone(canvas.views.get('clean')!)).toBe(false);
    await connectByList(canvas, 'alone');
    expect(canvas.ui.notice?.text).toContain('no named input or output');
    await connectToNode(canvas, { node: 'sales', port: 'data' }, 'alone');
    expect(canvas.ui.notice?.text).toContain('no named input. Name a parameter input_…');
    expect(canvas.doc.allEdges()).toEqual([]);
    await run(canvas, 'all');
    expect(one.backend.runs).toHaveLength(1);
  });
});

describe('nodes', () => {
  it('K2: come from the drawer, files by a path from the document', () => {
    const { canvas } = one;
    const file = { type: 'executable' as const, id: 'e', name: 'score.py', path: 'lib/score.py' };
    const id = addRow(canvas, file, [5, 5]);
    expect(id).toBe('score');
    expect(nodesOf(canvas)[id]).toEqual({ type: 'executable', path: '../lib/score.py' });
    expect(resolvePath(canvas.path, '../lib/score.py')).toBe('lib/score.py');
    const stored = addRow(canvas, { type: 'dataset', id: 'd-1', name: 'Sales' });
    expect(nodesOf(canvas)[stored]).toEqual({ type: 'dataset', dataset: 'd-1', label: 'Sales' });
    expect(canvas.store.selected).toEqual([stored]);
  });

  it('K2: come from files, which are registered on the way', async () => {
    const { canvas, backend } = one;
    await addFiles(canvas, ['work/a.ipynb', 'work/part.nbflow', 'b.csv'], [0, 300]);
    expect(backend.registered).toEqual(['work/a.ipynb', 'b.csv']);
    const added = canvas.store.selected.map(id => nodesOf(canvas)[id]);
    expect(added).toEqual([
      { type: 'executable', path: 'a.ipynb' },
      { type: 'executable', path: 'part.nbflow' },
      { type: 'dataset', path: '../b.csv' }
    ]);
  });

  it('K1: of a large workflow have places of their ports before they are drawn', async () => {
    const { canvas } = await bench(undefined, {}, MEASURED);
    expect(canvas.store.nodes).toHaveLength(MEASURED + 3);
    expect(canvas.store.node('clean')!.handles).toBeDefined();
    canvas.dispose();
  });

  it('K9: may be another workflow, but never the workflow itself', async () => {
    const { canvas } = one;
    const before = Object.keys(nodesOf(canvas)).length;
    expect(await addFiles(canvas, [canvas.path])).toEqual([]);
    expect(Object.keys(nodesOf(canvas))).toHaveLength(before);
    expect(canvas.ui.notice?.text).toBeTruthy();
  });

  it('K2: of a folder are its notebooks and scripts; without any, the folder is one', async () => {
    const { canvas, backend } = one;
    await addFiles(canvas, ['lib', 'empty'], [0, 300]);
    expect(backend.registered).toEqual(['lib/a.ipynb', 'lib/b.py', 'empty']);
  });

  it('come from files also when the server is away, saying so', async () => {
    const { canvas, backend } = one;
    backend.failure = new Error('away');
    await addFiles(canvas, ['x.py'], [0, 300]);
    expect(nodesOf(canvas)[canvas.store.selected[0]].type).toBe('executable');
    expect(canvas.ui.notice!.text).toBe('x.py: away');
  });

  it('K9: are copied with the arrows between them, under new ids', () => {
    const { canvas } = one;
    void connect(canvas, RAW);
    void connect(canvas, DATA);
    canvas.store.select(['sales', 'clean']);
    const ids = pasteText(canvas, clipboardText(canvas));
    expect(ids).toHaveLength(2);
    expect(Object.keys(nodesOf(canvas))).toHaveLength(5);
    expect(canvas.doc.allEdges()).toHaveLength(3);
    expect(canvas.store.place(ids[0])).not.toEqual(canvas.store.place('sales'));
    expect(pasteText(canvas, 'just text')).toEqual([]);
    expect(canvas.ui.notice!.problem).toBe(true);
  });

  it('are removed with their arrows in one step', () => {
    const { canvas } = one;
    void connect(canvas, RAW);
    const before = steps(canvas);
    canvas.store.select(['clean'], ['sales.data->clean.raw']);
    removeSelection(canvas);
    expect(Object.keys(nodesOf(canvas))).toEqual(['sales', 'train']);
    expect(steps(canvas)).toBe(before + 1);
  });

  it('stay without a selection, also after a click on one of them', () => {
    const { canvas } = one;
    canvas.store.focus('clean');
    canvas.store.select([]);
    removeSelection(canvas);
    expect(Object.keys(nodesOf(canvas))).toHaveLength(3);
    expect(canvas.targets).toEqual([]);
  });

  it('a selected arrow is removed alone', () => {
    const { canvas } = one;
    void connect(canvas, RAW);
    canvas.store.focus('clean');
    canvas.store.select([], ['sales.data->clean.raw']);
    removeSelection(canvas);
    expect(canvas.doc.allEdges()).toEqual([]);
    expect(Object.keys(nodesOf(canvas))).toHaveLength(3);
  });

  it('are renamed and moved', () => {
    const { canvas } = one;
    canvas.store.select(['clean', 'train']);
    move(canvas, 20, 0);
    expect(canvas.store.place('clean')).toEqual([320, 0]);
    expect(canvas.store.place('train')).toEqual([620, 40]);
    rename(canvas, 'clean', ' Clean up ');
    expect(canvas.views.get('clean')!.title).toBe('Clean up');
    rename(canvas, 'clean', '');
    expect(canvas.views.get('clean')!.title).toBe('clean.ipynb');
  });

  it('get ids that files and people can read', () => {
    expect(newId('My data (1).csv', () => false)).toBe('My_data_1');
    expect(newId('2020.csv', () => false)).toBe('n_2020');
    expect(newId('slow.py', id => ['slow', 'slow_2'].includes(id))).toBe('slow_3');
    expect(relativePath('flow.nbflow', 'a/b.csv')).toBe('a/b.csv');
  });
});

describe('runs', () => {
  it('K8: all, selected, from here and up to here, saving first', async () => {
    const { canvas, backend, executed, saves } = one;
    void connect(canvas, RAW);
    expect(await run(canvas, 'all')).toBe('run-1');
    expect(saves()).toBe(1);
    canvas.store.select(['clean']);
    await run(canvas, 'selected');
    await run(canvas, 'from', { force: true });
    await run(canvas, 'to');
    expect(saves()).toBe(1);
    expect(backend.runs.map(({ selection }) => selection)).toEqual([
      { scope: 'all', nodes: [] },
      { scope: 'selected', nodes: ['clean'] },
      { scope: 'from', nodes: ['clean'], force: true },
      { scope: 'to', nodes: ['clean'] }
    ]);
    expect(executed[0]).toEqual([
      'nbyard:show-run',
      { id: 'run-1', path: 'work/flow.nbflow', keepFocus: true }
    ]);
  });

  it('K4: are blocked by a problem, which gets the focus', async () => {
    const { canvas, backend, settle } = one;
    backend.problems = [{ node: 'clean', message: 'raw needs a connection' }];
    canvas.checker.ask(0);
    await settle();
    const started = run(canvas, 'all'); // checks again before it refuses
    await settle();
    expect(await started).toBeUndefined();
    expect(backend.runs).toEqual([]);
    expect(canvas.store.focused).toBe('clean');
    expect(canvas.ui.notice!.text).toBe('clean.ipynb: raw needs a connection');
    nextProblem(canvas);
    expect(canvas.store.selected).toEqual(['clean']);
  });

  it('say why they did not start', async () => {
    const { canvas, backend } = one;
    backend.failure = new Error('no place');
    expect(await run(canvas, 'all')).toBeUndefined();
    expect(canvas.ui.notice!.text).toContain('no place');
    const refused = [{ path: 'document', message: 'nothing to run' }];
    backend.failure = Object.assign(new Error('document: nothing to run'), { details: refused });
    await run(canvas, 'all');
    expect(canvas.ui.notice!.text).toBe('Not started: nothing to run');
    canvas.clearSelection();
    await run(canvas, 'selected');
    expect(canvas.ui.notice!.text).toBe('Select a node first.');
  });
});

describe('arrow keys', () => {
  it('K2: shows all cards, or the first ones where all would be too small to read', () => {
    const few = viewFor({ x: 100, y: 0, width: 500, height: 100 }, [[100, 0]], 1000, 400);
    expect(few).toEqual({ x: 150, y: 150, zoom: 1 });
    const long = viewFor({ x: 100, y: 0, width: 3000, height: 100 }, [[100, 0]], 1000, 400);
    expect(long).toEqual({ x: 16 - 75, y: 162.5, zoom: 0.75 });
    const high = viewFor({ x: 0, y: 0, width: 3000, height: 3000 }, [[0, 2800]], 1000, 400);
    expect(high.y).toBe(16 - 2100);
  });

  it('K2: go to the nearest node in their direction', () => {
    const places: [string, [number, number]][] = [
      ['right', [300, 10]],
      ['far right', [700, 0]],
      ['below', [20, 200]],
      ['aside', [120, 400]]
    ];
    expect(nearest([0, 0], places, 'right')).toBe('right');
    expect(nearest([0, 0], places, 'down')).toBe('below');
    expect(nearest([0, 0], places, 'left')).toBeUndefined();
  });
});

describe('bringing a card into view', () => {
  it.each([
    [10, 20, 0],
    [90, 110, -10],
    [-5, 5, 5],
    [-20, 300, 20],
    [50, 400, -50]
  ])('moves %d … %d by %d', (start, end, by) => {
    expect(shiftInto(start, end, 0, 100)).toBe(by);
  });
});
