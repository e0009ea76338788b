import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as Y from 'yjs';
import { JsonObject } from '../../../document/canonical';
import { CanvasContext } from '../../model/hooks';
import { bench, IBench, nodesOf, READINGS, steps } from '../../model/__tests__/fakes';
import { Inspector } from '../Inspector';
import { forEachFile, setSource, setSweep } from '../mapping';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench();
});

afterEach(() => {
  cleanup();
  one.canvas.dispose();
  jest.useRealTimers();
});

const mapOf = (id: string) => nodesOf(one.canvas)[id].map as JsonObject | undefined;

async function inspect(id: string): Promise<void> {
  render(
    <CanvasContext.Provider value={one.canvas}>
      <Inspector readOnly={false} />
    </CanvasContext.Provider>
  );
  await act(async () => one.canvas.store.select([id]));
}

async function type(label: string, value: string): Promise<void> {
  const field = screen.getByRole('textbox', { name: label });
  fireEvent.change(field, { target: { value } });
  await act(async () => fireEvent.blur(field));
}

const press = (name: string) =>
  act(async () => fireEvent.click(screen.getByRole('button', { name })));

describe('K10: a sweep of a parameter', () => {
  it('is written as a grid, shows its elements, and is one undo step', async () => {
    const { canvas } = one;
    await inspect('clean');
    await press('Sweep… alpha');
    expect(document.activeElement).toBe(screen.getByRole('textbox', { name: 'alpha' }));
    const before = steps(canvas);
    await type('alpha', '0.01, 0.1, 1');
    expect(mapOf('clean')).toEqual({ each: { kind: 'grid', values: { alpha: [0.01, 0.1, 1] } } });
    expect(steps(canvas)).toBe(before + 1);
    expect(screen.getByText('3 elements')).toBeTruthy();
    await act(async () => void canvas.doc.undoManager.undo());
    expect(mapOf('clean')).toBeUndefined();
  });

  it('joins the grid of another parameter', async () => {
    const { canvas } = one;
    setSweep(canvas, 'clean', 'other', ['a', 'b']);
    await inspect('clean');
    await press('Sweep… alpha');
    await type('alpha', '1, 2, 3, 4');
    expect(mapOf('clean')!.each).toMatchObject({
      values: { other: ['a', 'b'], alpha: [1, 2, 3, 4] }
    });
    expect(screen.getAllByText('2 × 4 = 8 elements')).not.toHaveLength(0);
  });

  it('keeps a text that is not readable as a draft, so that nothing runs', async () => {
    const { canvas } = one;
    await inspect('clean');
    await press('Sweep… alpha');
    await type('alpha', '1, x');
    expect(screen.getByText('Enter a number.')).toBeTruthy();
    expect(canvas.checker.unread).toHaveLength(1);
    expect(mapOf('clean')).toBeUndefined();
    await type('alpha', '1, 2');
    expect(canvas.checker.unread).toEqual([]);
    expect(mapOf('clean')).toBeDefined();
  });

  it('refuses more elements than a map may have', async () => {
    setSweep(
      one.canvas,
      'clean',
      'other',
      Array.from({ length: 6000 }, (_, at) => at)
    );
    await inspect('clean');
    await press('Sweep… alpha');
    await type('alpha', '1, 2');
    expect(screen.getByText('A map has at most 10,000 elements.')).toBeTruthy();
    expect(mapOf('clean')!.each).not.toHaveProperty('values.alpha');
  });

  it('ends with the last swept parameter, and the value of before is used again', async () => {
    const { canvas } = one;
    canvas.doc.setArgument('clean', 'alpha', { value: 8 });
    setSweep(canvas, 'clean', 'alpha', [1, 2]);
    await inspect('clean');
    await press('Stop Sweeping alpha');
    expect(mapOf('clean')).toBeUndefined();
    expect((screen.getByRole('textbox', { name: 'alpha' }) as HTMLInputElement).value).toBe('8');
  });
});

describe('K10: a search of parameters', () => {
  it('begins with a range, and is a random sample', async () => {
    const { canvas } = one;
    setSweep(canvas, 'clean', 'other', ['a', 'b']);
    await inspect('clean');
    await press('Sweep… alpha');
    await type('alpha', '0.001..0.1 log');
    const space = { other: ['a', 'b'], alpha: { low: 0.001, high: 0.1, log: true } };
    expect(mapOf('clean')!.each).toEqual({ kind: 'search', space });
    expect(screen.getAllByText('20 elements')).not.toHaveLength(0);
    await type('alpha', '0.1..0.001');
    expect(screen.getByText(/Enter the smaller number first/)).toBeTruthy();
    expect(mapOf('clean')!.each).toMatchObject({ space });
  });

  it('chooses an optimiser with its metric, and returns to a grid', async () => {
    const { canvas } = one;
    await inspect('clean');
    await act(async () => setSweep(canvas, 'clean', 'alpha', [1, 2]));
    const kind = screen.getByRole('combobox', { name: 'Elements' });
    await act(async () => void fireEvent.change(kind, { target: { value: 'search:optuna' } }));
    const set = async (name: RegExp, value: string) => {
      const field = screen.getByLabelText(name);
      fireEvent.change(field, { target: { value } });
      await act(async () => fireEvent.blur(field));
    };
    await set(/^Number of elements/, '0');
    await set(/^Number of elements/, '50');
    await set(/^Metric/, 'val_loss');
    fireEvent.click(screen.getByRole('checkbox', { name: /Stop elements early/ }));
    const search = { kind: 'search', space: { alpha: [1, 2] }, count: 50 };
    const optuna = { by: 'optuna', goal: 'val_loss', direction: 'minimize', prune: true };
    expect(mapOf('clean')!.each).toEqual({ ...search, ...optuna });
    await act(async () => void fireEvent.change(kind, { target: { value: 'search:halton' } }));
    expect(mapOf('clean')!.each).toEqual({ ...search, by: 'halton' });
    await act(async () => void fireEvent.change(kind, { target: { value: 'grid' } }));
    expect(mapOf('clean')!.each).toEqual({ kind: 'grid', values: { alpha: [1, 2] } });
  });
});

describe('K10: a node for each element of data', () => {
  it('gets the files of a folder, with the connection of its input, in one undo step', async () => {
    const { canvas } = one;
    canvas.doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    await inspect('clean');
    const before = steps(canvas);
    await press('For Each… raw');
    expect(mapOf('clean')).toEqual({ each: { kind: 'files', over: 'raw' } });
    expect(canvas.doc.allEdges()).toEqual([
      { source: 'sales', output: 'data', target: 'clean', input: '@each' }
    ]);
    expect(steps(canvas)).toBe(before + 1);
    expect(screen.getByText('each file')).toBeTruthy();
    expect(screen.getByText('each ← sales.csv.data')).toBeTruthy();
  });

  it('gets rows of a table or values of a list for its parameters', async () => {
    await inspect('clean');
    const kind = screen.getByRole('combobox', { name: 'Elements' });
    await act(async () => void fireEvent.change(kind, { target: { value: 'rows' } }));
    expect(mapOf('clean')).toEqual({ each: { kind: 'rows', columns: ['alpha'] } });
    fireEvent.click(screen.getByRole('checkbox', { name: 'alpha' }));
    expect(mapOf('clean')).toEqual({ each: { kind: 'rows', columns: [] } });
    await act(async () => void fireEvent.change(kind, { target: { value: 'list' } }));
    expect(mapOf('clean')).toEqual({ each: { kind: 'list', over: 'alpha' } });
    await act(async () => void fireEvent.change(kind, { target: { value: '' } }));
    expect(mapOf('clean')).toBeUndefined();
  });

  it('replaces a connection that has a key of its own in the document', () => {
    const { doc, views } = one.canvas;
    const edge = { source: 'sales', output: 'data', target: 'clean', input: 'raw' };
    doc.edit(() => doc.edges.set('first', new Y.Map<string>(Object.entries(edge))));
    const stateOf = () => views.get('clean')!.inputs.find(({ name }) => name === 'raw')!.state;
    expect(stateOf()).toBe('connected');
    forEachFile(one.canvas, 'clean', 'raw');
    expect(doc.allEdges().filter(({ target }) => target === 'clean')).toEqual([
      { ...edge, input: '@each' }
    ]);
    expect(stateOf()).not.toBe('connected');
  });

  it('loses the connection of its elements with the map', () => {
    const { canvas } = one;
    forEachFile(canvas, 'clean', 'raw');
    canvas.doc.connect({ source: 'sales', output: 'data', target: 'clean', input: '@each' });
    setSource(canvas, 'clean', undefined);
    expect(canvas.doc.allEdges()).toEqual([]);
    canvas.doc.undoManager.undo();
    expect(canvas.doc.allEdges()).toHaveLength(1);
  });

  it('has no fields for the ports of its map', async () => {
    const clean = READINGS['clean.ipynb'];
    const { arguments: known } = clean;
    clean.arguments = [
      ...known!,
      { name: '@each', role: 'input', format: 'any', required: true },
      { name: '@all', role: 'output', format: 'jsonl' }
    ];
    one.canvas.checker.ask(0);
    await one.settle();
    await inspect('clean');
    expect(screen.queryByLabelText(/@/)).toBeNull();
    clean.arguments = known;
  });
});

it('K10: a node that follows a map has no map of its own', async () => {
  const clean = READINGS['clean.ipynb'];
  const { arguments: known } = clean;
  clean.arguments = [...known!, { name: '@all', role: 'output', format: 'jsonl' }];
  one.canvas.checker.ask(0);
  await one.settle();
  await inspect('clean');
  expect(screen.queryByRole('button', { name: /^(Sweep|For Each)/ })).toBeNull();
  expect(screen.queryByRole('combobox', { name: 'Elements' })).toBeNull();
  clean.arguments = known;
});

describe('K10: the policy of a map', () => {
  it('is shown for mapped nodes only, and stored if it is valid', async () => {
    const { canvas } = one;
    await inspect('clean');
    expect(screen.queryByRole('combobox', { name: 'Stop after failures' })).toBeNull();
    await act(async () => setSweep(canvas, 'clean', 'alpha', [1, 2]));
    const set = async (name: string, value: string) => {
      const field = screen.getByLabelText(name);
      fireEvent.change(field, { target: { value } });
      await act(async () => fireEvent.blur(field));
    };
    await set('Stop after failures', '10%');
    await set('At most at once', '4');
    expect(mapOf('clean')).toMatchObject({ on_failure: '10%', at_most: 4 });
    await set('Stop after failures', 'never');
    await set('At most at once', '0');
    expect(mapOf('clean')).toMatchObject({ on_failure: '10%', at_most: 4 });
    expect(canvas.checker.unread.map(({ path }) => path)).toEqual(['on_failure', 'at_most']);
    await set('Stop after failures', '');
    await set('At most at once', '');
    expect(mapOf('clean')).toEqual({ each: { kind: 'grid', values: { alpha: [1, 2] } } });
  });
});
