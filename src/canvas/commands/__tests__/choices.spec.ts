import { IChosenStep, IChosenSteps, IPaletteRow, IPaletteSource } from '../../model/tokens';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { Parameters } from '../../../document/arguments';
import { beginningOf } from '../askRun';
import { commandTable } from '../table/commandTable';
import { chooseResult, follow, pin, pinResult } from '../pinning';
import { chooseResources, deployNode, openNode, quickAdd } from '../prompts';
import { bench, IBench, nodesOf, READINGS, steps } from '../../model/__tests__/fakes';

let one: IBench;
let chosen: IChosenStep[];
let shared: IChosenSteps & { chosen: Signal<IChosenSteps, IChosenStep> };

beforeEach(async () => {
  jest.useFakeTimers();
  chosen = [];
  const signal = new Signal<IChosenSteps, IChosenStep>({} as IChosenSteps);
  signal.connect((_, step) => void chosen.push(step));
  shared = { chosen: signal, choose: step => signal.emit(step), forgetTab: () => undefined };
  one = await bench('work/flow.nbflow', { steps: shared });
});

afterEach(() => {
  one.canvas.dispose();
  jest.useRealTimers();
});

describe('E9: nodes pinned to a version', () => {
  it('keep to what the file holds now, in one undo step, and follow it again', async () => {
    const { canvas, backend } = one;
    canvas.store.select(['clean', 'train', 'sales']);
    const before = steps(canvas);
    await pin(canvas);
    expect(backend.frozen).toEqual([{ path: 'work/clean.ipynb' }, { path: 'work/train.ipynb' }]);
    expect(nodesOf(canvas).clean.version).toBe('v2');
    expect(nodesOf(canvas).sales.version).toBeUndefined();
    expect(canvas.views.get('clean')!.pinned).toBe(true);
    expect(steps(canvas)).toBe(before + 1);
    follow(canvas);
    expect(nodesOf(canvas).clean.version).toBeUndefined();
    expect(canvas.views.get('clean')!.pinned).toBe(false);
  });

  it('are executables only', async () => {
    one.canvas.store.select(['sales']);
    await pin(one.canvas);
    expect(one.backend.frozen).toEqual([]);
    expect(one.canvas.ui.notice!.problem).toBe(true);
  });
});

describe('E5: where a node runs', () => {
  it('is chosen from one list, for all selected nodes in one undo step', async () => {
    const { canvas } = one;
    canvas.store.select(['clean', 'train']);
    const before = steps(canvas);
    const choosing = chooseResources(canvas);
    await Promise.resolve();
    await Promise.resolve();
    const { items, done } = canvas.ui.picker!;
    expect(items[0].label).toBe('CPU only');
    done(items.find(({ label }) => label === '1 GPU'));
    await choosing;
    expect(nodesOf(canvas).clean.gpu).toBe(1);
    expect(nodesOf(canvas).train.gpu).toBe(1);
    expect(canvas.views.get('train')!.chips).toEqual(['1 GPU']);
    expect(steps(canvas)).toBe(before + 1);
  });
});

describe('E5: GPUs that an executable requests', () => {
  afterEach(() => delete READINGS['clean.ipynb'].gpu);

  it('are those of the node, unless it runs on CPUs only', async () => {
    READINGS['clean.ipynb'].gpu = 2;
    const { canvas, settle } = one;
    canvas.checker.ask(0);
    await settle();
    const gpus = () => ['clean', 'train'].map(id => canvas.views.get(id)!.gpus);
    expect(gpus()).toEqual([2, 0]);
    canvas.store.select(['clean', 'train']);
    const choosing = chooseResources(canvas);
    await jest.advanceTimersByTimeAsync(0);
    canvas.ui.picker!.done(canvas.ui.picker!.items[0]);
    await choosing;
    expect(nodesOf(canvas).clean.gpu).toBe(0);
    expect(nodesOf(canvas).train).not.toHaveProperty('gpu');
    expect(gpus()).toEqual([0, 0]);
    expect(canvas.views.get('clean')!.chips).toEqual([]);
  });
});

describe('E5: where a node of a read-only workflow runs', () => {
  it('is not asked', async () => {
    const { canvas } = one;
    canvas.store.select(['clean']);
    Object.defineProperty(canvas, 'readOnly', { value: true });
    await chooseResources(canvas);
    expect(canvas.ui.picker).toBeUndefined();
  });
});

describe('K5: the file of a failed node', () => {
  const place = { id: 'e1', cell: 2, line: 3, lines: {} };

  beforeEach(() => {
    READINGS['clean.ipynb'].executable = 'e1';
    READINGS['alone.ipynb'].executable = 'e2';
    one.runs.states.set('clean', { state: 'failed' });
    one.runs.sources.set('clean', place);
    one.canvas.store.select(['clean']);
  });

  afterEach(() => {
    delete READINGS['clean.ipynb'].executable;
    delete READINGS['alone.ipynb'].executable;
  });

  const checked = () => {
    one.canvas.checker.ask(0);
    return one.settle();
  };

  it('opens at the failing place', async () => {
    await checked();
    await openNode(one.canvas);
    const args = { ...place, path: 'work/clean.ipynb' };
    expect(one.executed).toEqual([['nbyard:edit-executable-source', args]]);
  });

  it('opens as it is if the node has another file since', async () => {
    one.canvas.doc.setField('clean', 'path', 'alone.ipynb');
    await checked();
    await openNode(one.canvas);
    expect(one.executed).toEqual([['docmanager:open', { path: 'work/alone.ipynb' }]]);
  });

  it('opens as it is if the place cannot be shown', async () => {
    await checked();
    const { commands } = one.canvas;
    const execute = commands.execute.bind(commands);
    commands.execute = (id: string, args?: ReadonlyPartialJSONObject) =>
      id === 'docmanager:open' ? execute(id, args) : Promise.reject(new Error('No command.'));
    await openNode(one.canvas);
    expect(one.executed).toEqual([['docmanager:open', { path: 'work/clean.ipynb' }]]);
  });
});

describe('a node without a file of its own', () => {
  it('opens the page of its dataset or executable, else its parameters', async () => {
    const { canvas, executed } = one;
    canvas.doc.addNode('birds', { type: 'dataset', dataset: 'd1' }, [0, 300]);
    canvas.doc.addNode('fit', { type: 'executable', executable: 'e1' }, [0, 600]);
    canvas.doc.addNode('best', { type: 'dataset', artifact: 'a1' }, [0, 900]);
    canvas.store.select(['birds', 'fit', 'sales']);
    await openNode(canvas);
    expect(executed).toEqual([
      ['docmanager:open', { path: 'work/sales.csv' }],
      ['nbyard:open-dataset', { id: 'd1' }],
      ['nbyard:open-executable', { id: 'e1' }]
    ]);
    expect(canvas.ui.inspector).toBe(false);
    canvas.store.select(['best']);
    await openNode(canvas);
    expect(executed).toHaveLength(3);
    expect(canvas.ui.inspector).toBe(true);
  });
});

describe('M6: the model of a node', () => {
  it('is deployed; which one is asked where there are several', async () => {
    const { canvas, runs, executed } = one;
    canvas.store.select(['train']);
    await deployNode(canvas);
    expect(canvas.ui.notice!.problem).toBe(true);
    const deployed = async (...outputs: string[]) => {
      runs.states.set('train', { state: 'succeeded', models: { run: 'r', outputs } });
      runs.changed.emit(undefined);
      const asked = deployNode(canvas);
      canvas.ui.picker?.done(canvas.ui.picker.items[1]);
      await asked;
    };
    await deployed('model');
    await deployed('model', 'scaler');
    expect(executed).toEqual([
      ['nbyard:deploy-output', { run: 'r', output: 'train.model' }],
      ['nbyard:deploy-output', { run: 'r', output: 'train.scaler' }]
    ]);
  });

  it('E7: is the node itself where a model file describes it', async () => {
    const { canvas, executed, settle } = one;
    canvas.doc.addNode('churn', { type: 'executable', path: 'churn/nervosum.yaml' }, [0, 300]);
    await settle();
    canvas.store.select(['churn']);
    await deployNode(canvas);
    expect(executed).toEqual([['nbyard:deploy-model', { path: 'work/churn/nervosum.yaml' }]]);
  });
});

describe('K8: nodes pinned to a result', () => {
  it('take the newest one, in one undo step, until they are unpinned', async () => {
    const { canvas, backend } = one;
    canvas.store.select(['clean']);
    const before = steps(canvas);
    await pinResult(canvas);
    expect(backend.asked).toEqual([['work/flow.nbflow', 'clean']]);
    expect(nodesOf(canvas).clean.pin).toEqual({ run: 'r12', number: 12 });
    expect(canvas.views.get('clean')!.pinnedTo).toBe(12);
    expect(canvas.isPinned).toBe(true);
    expect(steps(canvas)).toBe(before + 1);
    canvas.doc.undo();
    expect(canvas.isPinned).toBe(false);
    canvas.doc.redo();
    await pinResult(canvas);
    expect(nodesOf(canvas).clean.pin).toBeUndefined();
    expect(canvas.views.get('clean')!.pinnedTo).toBeUndefined();
  });

  it('are called what the command would do', async () => {
    const { canvas } = one;
    const command = commandTable(canvas.trans).find(({ id }) => id === 'nbyard:pin-result')!;
    canvas.store.select(['clean']);
    expect(command.labelFor!(canvas)).toBe('Pin Result');
    await pinResult(canvas);
    expect(command.labelFor!(canvas)).toBe('Unpin Result');
  });

  it('may be those of another run', async () => {
    const { canvas } = one;
    canvas.store.select(['clean']);
    const choosing = chooseResult(canvas);
    await jest.advanceTimersByTimeAsync(0);
    const { picker } = canvas.ui;
    expect(picker!.items.map(({ label }) => label)).toEqual(['run 12']);
    picker!.done(picker!.items[0]);
    await choosing;
    expect(nodesOf(canvas).clean.pin).toEqual({ run: 'r12', number: 12 });
  });

  it('need one', async () => {
    one.canvas.store.select(['train']);
    await pinResult(one.canvas);
    expect(one.canvas.ui.notice!.text).toContain('has no result yet');
    expect(one.canvas.isPinned).toBe(false);
  });
});

describe('K8: the step that is looked at', () => {
  it('is the one node that is selected', () => {
    const { canvas } = one;
    canvas.store.select(['clean']);
    canvas.store.select(['clean', 'train']);
    canvas.store.select(['train']);
    canvas.store.focus('train');
    expect(chosen.map(({ node }) => node)).toEqual(['clean', undefined, 'train']);
    expect(chosen[0].path).toBe('work/flow.nbflow');
  });

  it('is selected when it is chosen elsewhere, in this workflow', () => {
    const { canvas } = one;
    shared.choose({ path: 'work/flow.nbflow', node: 'train' });
    expect(canvas.store.selected).toEqual(['train']);
    shared.choose({ path: 'other.nbflow', node: 'clean' });
    shared.choose({ path: 'work/flow.nbflow', node: 'gone' });
    expect(canvas.store.selected).toEqual(['train']);
  });
});

it('K7: what has no default begins as the last run had it', () => {
  const parameters: Parameters = {
    seed: { type: 'int', default: 7 },
    who: { type: 'string' },
    when: { type: 'string' }
  };
  const begun = beginningOf(parameters, { seed: 8, who: 'Ann', other: 1 });
  expect(begun).toEqual({ seed: { value: 7 }, who: { value: 'Ann' } });
});

describe('the nodes that are offered', () => {
  const row = (type: IPaletteRow['type'], name: string, ports?: object) =>
    ({ type, id: name, name, ports: ports && { type, ...ports } }) as IPaletteRow;
  const port = (role: string, format: string) => ({ arguments: [{ name: 'p', role, format }] });
  const ROWS = [
    row('dataset', 'table', { format: 'csv' }),
    row('dataset', 'text', { format: 'txt' }),
    row('executable', 'reads csv', port('input', 'csv')),
    row('executable', 'reads json', port('input', 'json')),
    row('executable', 'writes csv', port('output', 'csv')),
    row('executable', 'unknown'),
    row('executable', 'alone', { arguments: [] })
  ];
  const FILES = ['plot.py', 'score.ipynb'];

  const palette = (rows: IPaletteRow[], found: IPaletteRow[] = []) =>
    ({
      ...{ rows, state: 'ready', refresh: async () => undefined },
      search: async () => found
    }) as never as IPaletteSource;
  const labels = () => canvas.ui.picker!.items.map(({ label }) => label);
  let canvas: IBench['canvas'];

  it.each([
    ['without a connection', undefined, [...FILES, 'notes.md'], [2, 3, 4, 5, 6, 0, 1]],
    ['take an output', { node: 'clean', port: 'tidy' }, FILES, [2, 5]],
    ['provide an input', { node: 'clean', port: 'raw' }, [...FILES, 'notes.md'], [0, 4, 5]]
  ])('%s', async (_, end, files, shown) => {
    ({ canvas } = await bench('work/flow.nbflow', { palette: palette(ROWS) }));
    const adding = quickAdd(canvas, undefined, end);
    await jest.advanceTimersByTimeAsync(50);
    expect(labels()).toEqual([...files, ...shown.map(index => ROWS[index].name)]);
    canvas.ui.picker!.done(undefined);
    await adding;
    canvas.dispose();
  });

  it('K2: are files of the folder before those of other folders with their name', async () => {
    const code = (path: string, folder: string): IPaletteRow => ({
      ...{ type: 'executable', id: path, name: 'plot', kind: 'command', path, folder }
    });
    const [foreign, old] = [code('ping/plot.py', 'ping'), code('pong/plot.py', 'pong')];
    ({ canvas } = await bench('work/flow.nbflow', { palette: palette([foreign], [old]) }));
    const adding = quickAdd(canvas);
    await jest.advanceTimersByTimeAsync(50);
    const { items, search, done } = canvas.ui.picker!;
    const plots = (all: typeof items) =>
      all
        .filter(({ label }) => label.startsWith('plot'))
        .map(({ label, detail, group }) => [label, detail, group]);
    const near = ['plot.py', 'command', 0];
    expect(plots(items)).toEqual([near, ['plot', 'ping · command', 2]]);
    const found = await search!('plot');
    expect(plots(found)[2]).toEqual(['plot', 'pong · command', 2]);
    done(found.find(({ detail }) => detail!.startsWith('pong')));
    await adding;
    expect(Object.values(nodesOf(canvas)).pop()!.path).toBe('../pong/plot.py');
    canvas.dispose();
  });
});
