import { codeDescribed } from '../../../api/documents/codeDescribed';
import {
  connectToCard,
  declarable,
  declareFiles,
  followDeclarations,
  tagCell
} from '../declarations';
import { connect, fitting } from '../../model/connecting';
import { openedAt } from '../../model/declaring';
import { resolvePath } from '../../model/editing';
import { bench, IBench, READINGS, steps } from '../../model/__tests__/fakes';

describe('files that nodes open by themselves', () => {
  let one: IBench;

  beforeEach(async () => {
    jest.useFakeTimers();
    jest.spyOn(window, 'requestAnimationFrame').mockImplementation(done => {
      done(0);
      return 0;
    });
    one = await bench();
  });

  afterEach(() => {
    one.canvas.dispose();
    delete READINGS['clean.ipynb'].undeclared;
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('are asked for when a run has ended', async () => {
    const { backend, runs, settle } = one;
    const before = backend.questions.length;
    for (const state of ['running', 'running', 'succeeded', 'succeeded']) {
      Object.assign(runs, { run: { id: 'r', state } });
      runs.changed.emit(undefined);
      await settle();
    }
    expect(backend.questions.length).toBe(before + 1);
  });

  it('cannot be declared without a code file', async () => {
    const { canvas } = one;
    canvas.doc.addNode('known', { type: 'executable', executable: 'x' }, [0, 0]);
    await expect(declareFiles(canvas, 'known', {})).rejects.toThrow('no code file');
  });

  it('K3: are connected once declared, in one step, where one other port has the file', async () => {
    const { canvas, settle } = one;
    const clean = READINGS['clean.ipynb'];
    const before = clean.arguments;
    const ports = (['input', 'output'] as const).map(role => ({ name: role, role }));
    clean.arguments = [...before!, ...ports];
    const alike = { source: 'clean', output: 'tidy', target: 'train', input: 'data' };
    const into = { source: 'sales', output: 'data', target: 'clean', input: 'input' };
    const from = { source: 'clean', output: 'output', target: 'train', input: 'extra' };
    one.backend.proposals = [alike, { ...into, by_file: true }, { ...from, by_file: true }];
    const done = await declareFiles(canvas, 'clean', {
      inputs: ['input.csv'],
      outputs: ['output.csv']
    });
    await settle();
    expect(canvas.doc.allEdges()).toEqual([from, into].map(edge => expect.objectContaining(edge)));
    expect(canvas.ui.notice).toMatchObject({ text: 'Connected input.csv, output.csv.' });
    canvas.doc.undo();
    expect(canvas.doc.allEdges()).toEqual([]);
    canvas.doc.redo();
    expect(canvas.doc.allEdges()).toHaveLength(2);
    await declareFiles(canvas, 'clean', { remove: done.added.map(({ name }) => name) });
    expect(canvas.doc.allEdges()).toEqual([]);
    clean.arguments = before;
  });

  it('K3: of a version or pin keep their connections when the current code loses them', async () => {
    const { canvas, backend } = one;
    const { path } = canvas.doc.node('clean')!;
    const kinds = { same: {}, old: { version: 'v1' }, kept: { pin: { run: 'r1', node: 'kept' } } };
    for (const [id, own] of Object.entries(kinds)) {
      canvas.doc.addNode(id, { type: 'executable', path, ...own }, [0, 0]);
      const edge = { source: id, output: 'tidy', target: 'train', input: `extra_${id}` };
      canvas.doc.connect(edge);
    }
    await declareFiles(canvas, 'clean', { remove: ['tidy'] });
    expect(backend.declared).toEqual([['work/clean.ipynb', { remove: ['tidy'] }]]);
    expect(canvas.doc.allEdges().map(({ source }) => source)).toEqual(['kept', 'old']);
  });

  it('K3: of a registered executable are connected and removed once all are declared', async () => {
    const { canvas, backend, settle } = one;
    const undeclared = { code: 'lib/known.ipynb' };
    READINGS[''] = { executable: 'x', undeclared };
    canvas.doc.addNode('known', { type: 'executable', executable: 'x' }, [0, 0]);
    canvas.doc.addNode('other', { type: 'dataset' }, [0, 0]);
    await settle();
    const edge = { source: 'known', output: 'out', target: 'train', input: 'data' };
    backend.proposals = [{ ...edge, by_file: true }];
    READINGS[''] = { executable: 'x', arguments: [{ name: 'out', role: 'output' }] };
    await declareFiles(canvas, 'known', { outputs: ['out.csv'] });
    await settle();
    expect(canvas.doc.allEdges()).toMatchObject([edge]);
    await declareFiles(canvas, 'known', { remove: ['out'] });
    delete READINGS[''];
    expect(backend.declared.map(([code]) => code)).toEqual([undeclared.code, undeclared.code]);
    expect(canvas.doc.allEdges()).toEqual([]);
  });

  it('K3: are connected after a declaration in Run Info too, while the canvas is shown', async () => {
    const { canvas, settle } = one;
    const clean = READINGS['clean.ipynb'];
    const before = clean.arguments;
    const port = { name: 'input', role: 'input' as const, default: 'input.csv' };
    clean.arguments = [...before!, port];
    const edge = { source: 'sales', output: 'data', target: 'clean', input: 'input' };
    one.backend.proposals = [{ ...edge, by_file: true }];
    const end = followDeclarations(canvas);
    const described = { code: resolvePath(canvas.path, 'clean.ipynb'), added: [port] };
    const emit = async () => {
      codeDescribed.emit(described);
      canvas.checker.ask(0);
      await settle();
    };
    await emit();
    expect(canvas.doc.allEdges()).toEqual([]); // it is hidden
    canvas.stage = document.createElement('div');
    Object.defineProperty(canvas.stage, 'offsetParent', { value: document.body });
    await emit();
    expect(canvas.doc.allEdges()).toEqual([expect.objectContaining(edge)]);
    canvas.doc.undo();
    end();
    await emit();
    expect(canvas.doc.allEdges()).toEqual([]);
    canvas.stage = undefined;
    clean.arguments = before;
  });

  it('tell Run Info of a declaration, which then looks at them again', async () => {
    const told = jest.fn();
    codeDescribed.connect(told);
    await declareFiles(one.canvas, 'clean', { inputs: ['a.csv'] });
    codeDescribed.disconnect(told);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('K2: a drop on a node offers its parameters that name a file of the format', async () => {
    const { canvas, backend, settle } = one;
    const alone = READINGS['alone.ipynb'];
    const before = alone.arguments;
    const csv = { name: 'csv', default: 'houses.csv' };
    const other = [
      { name: 'model', default: 'm.joblib' },
      { name: 'at', default: 'http://a/b.csv' }
    ];
    alone.arguments = [...before!, csv, ...other, { name: 'words', default: 'one. two' }];
    canvas.doc.addNode('alone', { type: 'executable', path: 'alone.ipynb' }, [0, 300]);
    canvas.doc.addNode('known', { type: 'executable', executable: 'x' }, [0, 600]);
    await settle();
    const from = { node: 'sales', port: 'data' };
    expect(declarable(canvas, from, 'known')).toEqual([]);
    expect(declarable(canvas, { node: 'train', port: 'extra' }, 'alone')).toMatchObject([
      { label: 'csv = houses.csv', role: 'output' },
      { label: 'model = m.joblib', role: 'output' }
    ]);
    READINGS['function.py'] = { kind: 'function', arguments: [csv] };
    const fixed: Record<string, string>[] = [
      { path: 'alone.ipynb', version: 'v1' },
      { path: 'alone.ipynb', pin: 'r1' },
      { path: 'function.py' }
    ];
    fixed.forEach((node, at) =>
      canvas.doc.addNode(`fixed${at}`, { type: 'executable', ...node }, [300 * at, 900])
    );
    await settle();
    expect(fixed.map((_, at) => declarable(canvas, from, `fixed${at}`))).toEqual([[], [], []]);
    delete READINGS['function.py'];
    jest.spyOn(canvas, 'readOnly', 'get').mockReturnValueOnce(true);
    expect(declarable(canvas, from, 'alone')).toEqual([]);
    const dropped = connectToCard(canvas, from, 'alone');
    expect(canvas.ui.picker).toMatchObject({
      title: 'Declare as an input and connect',
      items: [{ label: 'csv = houses.csv' }]
    });
    alone.arguments = [...before!, { ...csv, role: 'input', format: 'csv' }];
    canvas.ui.picker!.done(canvas.ui.picker!.items[0]);
    await settle();
    await dropped;
    alone.arguments = before;
    expect(backend.declared).toEqual([['work/alone.ipynb', { inputs: ['houses.csv'] }]]);
    const edge = { source: 'sales', output: 'data', target: 'alone', input: 'csv' };
    expect(canvas.doc.allEdges()).toContainEqual(expect.objectContaining(edge));
  });

  it('K2: a drop connects a fitting port, and declares nothing without a choice', async () => {
    const { canvas, backend } = one;
    await connectToCard(canvas, { node: 'sales', port: 'data' }, 'clean');
    expect(canvas.doc.allEdges()).toHaveLength(1);
    canvas.doc.addNode('alone', { type: 'executable', path: 'alone.ipynb' }, [0, 300]);
    const alone = READINGS['alone.ipynb'];
    const before = alone.arguments;
    alone.arguments = [{ name: 'csv', default: 'houses.csv' }];
    await one.settle();
    const dropped = connectToCard(canvas, { node: 'sales', port: 'data' }, 'alone');
    canvas.ui.picker!.done(undefined);
    await dropped;
    const failing = connectToCard(canvas, { node: 'sales', port: 'data' }, 'alone');
    backend.failure = new Error('its code was uploaded');
    canvas.ui.picker!.done(canvas.ui.picker!.items[0]);
    await failing;
    alone.arguments = before;
    expect(canvas.ui.notice).toMatchObject({ text: 'its code was uploaded', problem: true });
    expect(canvas.doc.allEdges()).toHaveLength(1);
  });

  describe('with dashed ports', () => {
    const drawn = { source: 'clean', output: 'result', target: 'train', input: 'in' };
    const names = ['work/clean.ipynb.nbexec', 'work/train.ipynb.nbexec'];
    const disk = new Map<string, string>();

    beforeEach(async () => {
      const { backend, canvas, settle } = one;
      const file = (path: string, role: 'input' | 'output') => {
        return { code: 'x', files: [{ path, role, name: path.split('.')[0], format: 'csv' }] };
      };
      READINGS['clean.ipynb'].undeclared = file('result.csv', 'output');
      READINGS['train.ipynb'].undeclared = file('in.csv', 'input');
      canvas.checker.ask(0);
      await settle();
      disk.clear();
      const { contents } = canvas as { contents: object };
      Object.assign(contents, {
        get: async (path: string, { format }: { format?: string }) => ({
          content: format ? disk.get(path) : [...disk.keys()].map(name => ({ name: name.slice(5) }))
        }),
        save: async (path: string, { content }: { content: string }) => disk.set(path, content),
        delete: async (path: string) => disk.delete(path)
      });
      const { declare } = backend;
      jest.spyOn(backend, 'declare').mockImplementation((code, change) => {
        disk.set(`${code}.nbexec`, JSON.stringify(change));
        return declare.call(backend, code, change);
      });
    });

    afterEach(() => {
      delete READINGS['train.ipynb'].undeclared;
    });

    it('K3: a drawn connection declares them, as one step that takes the declarations along', async () => {
      const { canvas, settle } = one;
      const connected = connect(canvas, drawn);
      await settle();
      expect(await connected).toBe(true);
      const written = [...disk];
      expect(written.map(([name]) => name)).toEqual(names);
      expect(canvas.doc.allEdges()).toEqual([drawn]);
      canvas.doc.undo();
      await settle();
      expect([[...disk], canvas.doc.allEdges(), steps(canvas)]).toEqual([[], [], 0]);
      canvas.doc.redo();
      await settle();
      expect([[...disk], canvas.doc.allEdges()]).toEqual([written, [drawn]]);
      disk.set(names[1], 'changed by the user');
      canvas.doc.undo();
      await settle();
      expect([...disk]).toEqual([[names[1], 'changed by the user']]);
      expect(canvas.ui.notice).toMatchObject({ problem: true });
    });

    it('K3: a tagged cell is a step of its own, and files that cannot be read are none', async () => {
      const { backend, canvas, settle } = one;
      disk.set('work/clean.ipynb', 'plain');
      jest.spyOn(backend, 'tagCell').mockImplementation(async path => {
        disk.set(path, 'tagged');
        return '';
      });
      await tagCell(canvas, 'clean', 0);
      canvas.doc.undo();
      await settle();
      expect(disk.get('work/clean.ipynb')).toBe('plain');
      Object.assign(canvas.contents, { get: () => Promise.reject(new Error('lost')) });
      await declareFiles(canvas, 'clean', { outputs: ['result.csv'] });
      await settle();
      expect([disk.size, steps(canvas)]).toEqual([2, 0]);
    });

    it('K3: a drop on a card declares none while other ports fit, except for the same file', () => {
      const { canvas } = one;
      const inputs = () =>
        fitting(canvas, { node: 'sales', port: 'data' }, 'train').edges.map(({ input }) => input);
      expect(inputs()).toEqual(['data', 'extra']);
      const sales = { source: 'sales', output: 'data', target: 'train', input: 'in' };
      canvas.checker.proposals = [{ ...sales, reads: 'in.csv' }];
      expect(inputs()).toEqual(['data', 'extra', 'in']);
      canvas.doc.connect({ ...sales, input: 'data' });
      canvas.doc.connect({ ...sales, input: 'extra' });
      canvas.checker.proposals = [];
      expect(inputs()).toEqual(['in']);
    });
  });

  it('E6: a cell is tagged, which the canvas says, or why not', async () => {
    const { canvas, backend } = one;
    await tagCell(canvas, 'clean', 1);
    expect(backend.tagged).toEqual([['work/clean.ipynb', 1]]);
    expect(canvas.ui.notice).toMatchObject({ text: 'tagged 1', problem: false });
    backend.failure = new Error('the notebook has no cell 9');
    await tagCell(canvas, 'clean', 9);
    expect(canvas.ui.notice).toMatchObject({ text: 'the notebook has no cell 9', problem: true });
  });

  it('are known by the place at which the code opens them', () => {
    expect(openedAt({ reach: { kind: 'file', path: 'a.csv' } })).toBe('a.csv');
    expect(openedAt({ reach: { kind: 'option', flag: '--a' } })).toBeUndefined();
    expect(openedAt({})).toBeUndefined();
  });
});
