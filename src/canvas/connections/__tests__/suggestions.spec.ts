import { Dialog } from '@jupyterlab/apputils';
import { fireEvent, screen } from '@testing-library/react';
import { connectAutomatically } from '../../commands/connectAutomatically';
import { bench, IBench, READINGS } from '../../model/__tests__/fakes';
import { applySuggestions, offerSuggestions, offerText, suggestionsOf } from '../suggestions';

const FILE = {
  source: 'clean',
  output: 'result',
  target: 'train',
  input: 'result',
  writes: 'result.csv',
  reads: 'result.csv',
  reason: 'clean writes result.csv, and train reads it'
};
const PLAIN = { source: 'sales', output: 'data', target: 'clean', input: 'raw' };

describe('suggestions to connect by files', () => {
  let one: IBench;
  const [clean, train] = [READINGS['clean.ipynb'], READINGS['train.ipynb']];
  const before = [clean.arguments, train.arguments];

  beforeEach(async () => {
    jest.useFakeTimers();
    one = await bench();
  });

  afterEach(() => {
    one.canvas.dispose();
    [clean.arguments, train.arguments] = before;
    delete clean.undeclared;
    delete clean.tag_cell;
    delete clean.tag_names;
    jest.useRealTimers();
  });

  const propose = async (...proposals: Partial<typeof FILE>[]) => {
    one.backend.proposals = proposals as (typeof FILE)[];
    one.canvas.checker.ask(0);
    await one.settle();
  };

  const declaredByServer = () => {
    clean.arguments = [...before[0]!, { name: 'result', role: 'output', format: 'csv' }];
    train.arguments = [...before[1]!, { name: 'result', role: 'input', format: 'csv' }];
  };

  it('K3: are one row for each file, with results and cells, and none without files', async () => {
    const { canvas } = one;
    await propose(PLAIN);
    expect(suggestionsOf(canvas)).toEqual([]);
    clean.undeclared = {
      code: 'work/clean.ipynb',
      files: ['result.csv', 'plot.png'].map(path => ({ path, role: 'output' as const, name: 'x' }))
    };
    clean.tag_cell = 0;
    canvas.doc.addNode('again', { type: 'executable', path: 'alone.ipynb' }, [0, 0]);
    await propose(FILE, { ...FILE, target: 'again' }, PLAIN);
    const offered = suggestionsOf(canvas);
    expect(offered.map(({ kind, what, ticked }) => [kind, what, ticked])).toEqual([
      ['connection', 'result.csv', true],
      ['connection', 'data → raw', true],
      ['result', 'plot.png', true],
      ['parameters', 'Cell 1', false]
    ]);
    expect(offered[0]).toMatchObject({ where: 'clean.ipynb → train.ipynb, alone.ipynb' });
    expect(canvas.views.get('clean')!.suggested).toHaveLength(2);
  });

  it('K3: offer cells alone, and show paths from the folder of the workflow', async () => {
    const { canvas } = one;
    Object.assign(clean, { tag_cell: 1, tag_names: ['seed', 'rate'] });
    await propose();
    expect(suggestionsOf(canvas).map(({ kind, what }) => [kind, what])).toEqual([
      ['parameters', 'Cell 2: seed, rate']
    ]);
    canvas.doc.setField('clean', 'path', 'src/clean.ipynb');
    await propose({ ...FILE, writes: '../data/result.csv' });
    expect(suggestionsOf(canvas)[0].what).toBe('data/result.csv');
  });

  it('K3: are declared once for each code file and drawn as one undo step', async () => {
    const { canvas, backend, settle } = one;
    const { path } = canvas.doc.node('clean')!;
    canvas.doc.addNode('again', { type: 'executable', path }, [0, 0]);
    await propose(FILE, PLAIN, { ...FILE, source: 'again', target: 'clean', input: 'no' });
    declaredByServer();
    const applied = applySuggestions(canvas, suggestionsOf(canvas).slice(0, 2));
    await settle();
    await applied;
    expect(backend.declared).toEqual([
      ['work/clean.ipynb', { inputs: [], outputs: ['result.csv'] }],
      ['work/train.ipynb', { inputs: ['result.csv'], outputs: [] }]
    ]);
    expect(canvas.doc.allEdges()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ output: 'result', input: 'result' }),
        expect.objectContaining(PLAIN)
      ])
    );
    canvas.doc.undo();
    expect(canvas.doc.allEdges()).toEqual([]);
  });

  it('K3: tag a cell only if its box is ticked, and say why they were refused', async () => {
    const { canvas, backend, settle } = one;
    clean.tag_cell = 2;
    await propose(FILE);
    const tagged = jest.spyOn(backend, 'tagCell');
    const offered = suggestionsOf(canvas);
    backend.failure = new Error('its code was uploaded');
    const refused = applySuggestions(canvas, offered.slice(0, 1));
    await settle();
    await refused;
    expect(tagged).not.toHaveBeenCalled();
    expect(canvas.ui.notice).toMatchObject({ text: 'its code was uploaded', problem: true });
    backend.failure = undefined;
    const applied = applySuggestions(canvas, offered.slice(1));
    await settle();
    await applied;
    expect(tagged).toHaveBeenCalledWith('work/clean.ipynb', 2);
  });

  it('K3: are offered when a change or a run brings new ones, not when a workflow opens', async () => {
    const { canvas, settle } = one;
    await propose(FILE);
    const choose = jest.fn();
    const end = offerSuggestions(canvas, choose);
    canvas.checker.ask(0);
    await settle();
    expect(canvas.ui.notice).toBeUndefined();
    await propose(FILE, { ...FILE, target: 'clean' });
    await jest.advanceTimersByTimeAsync(60_000); // an offer waits for an answer
    expect(canvas.ui.notice).toMatchObject({ problem: false });
    canvas.ui.notice!.action!.run();
    expect(choose).toHaveBeenCalledWith(canvas);
    end();
  });

  it('K3: are offered for the first nodes of an empty workflow', async () => {
    const { canvas } = one;
    jest.spyOn(canvas.doc.nodes, 'size', 'get').mockReturnValueOnce(0);
    const end = offerSuggestions(canvas, jest.fn());
    await propose(FILE);
    expect(canvas.ui.notice?.action).toBeDefined();
    end();
  });

  it('K3: are chosen in one dialog, whose title counts nodes and files', async () => {
    const { canvas, backend } = one;
    await propose(FILE, PLAIN);
    expect(offerText(canvas, suggestionsOf(canvas))).toMatch(/3 .* 2 files/);
    jest.useRealTimers();
    const asked = connectAutomatically(canvas);
    const hidden = { hidden: true };
    const box = await screen.findByRole('checkbox', { name: /data → raw/, ...hidden });
    fireEvent.click(box);
    declaredByServer();
    fireEvent.click(screen.getByRole('button', { name: 'Connect', ...hidden }));
    await asked;
    expect(backend.declared).toHaveLength(2);
    expect(canvas.doc.allEdges()).toMatchObject([{ output: 'result', input: 'result' }]);
    Dialog.flush();
  });

  it('K3: a suggested port that nothing connects to is declared with one click', async () => {
    const { canvas, backend, settle } = one;
    const files = [{ path: 'raw.csv', role: 'input' as const, name: 'raw' }];
    clean.undeclared = { code: 'work/clean.ipynb', files };
    await propose();
    const done = connectAutomatically(canvas, { node: 'clean', path: 'raw.csv' });
    await settle();
    await done;
    expect(backend.declared).toEqual([['work/clean.ipynb', { inputs: ['raw.csv'], outputs: [] }]]);
  });
});
