import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { Signal } from '@lumino/signaling';
import { Canvas } from '../Canvas';
import { connect } from '../model/connecting';
import { run } from '../commands/running';
import { IPaletteRow, IPaletteSource } from '../model/tokens';
import { bench, FILES, IBench, nodesOf, READINGS } from '../model/__tests__/fakes';

jest.useFakeTimers();

const ROWS: IPaletteRow[] = [
  { type: 'dataset', id: 'd', name: 'sales.csv', detail: 'csv' },
  { type: 'executable', id: 'e', name: 'score.ipynb', kind: 'notebook', path: 'work/score.ipynb' }
];

class FakePalette implements IPaletteSource {
  rows = ROWS;
  state: IPaletteSource['state'] = 'ready';
  changed: Signal<IPaletteSource, void> = new Signal(this);
  refresh = jest.fn(async () => undefined);
  search = jest.fn(async (_text: string): Promise<IPaletteRow[]> => []);
}

/** The table in place of the picture: there is no layout here to draw one. */
async function open(): Promise<IBench> {
  sessionStorage.clear();
  const one = await bench();
  one.canvas.services.palette = new FakePalette();
  const never: Signal<object, unknown> = new Signal({});
  Object.assign(one.canvas.context, { fileChanged: never });
  one.canvas.set({ outline: true, inspector: true, palette: true });
  render(<Canvas canvas={one.canvas} />);
  return one;
}

describe('a workflow tab', () => {
  it('G6: shows the workflow as a table that reads without the picture', async () => {
    const { canvas, runs } = await open();
    act(() => {
      void connect(canvas, { source: 'sales', output: 'data', target: 'clean', input: 'raw' });
      runs.states.set('clean', { state: 'succeeded', cached: true });
      runs.changed.emit(undefined);
    });
    const [, clean] = within(screen.getByRole('table')).getAllByRole('row');
    expect(clean.textContent).toContain('raw ← sales.csv.data');
    expect(clean.textContent).toContain('cached');
    expect(clean.querySelector('.nby-mod-cached svg')).toBeTruthy();
  });

  it('K2: returns the keys to the canvas after an offer was used or has gone', async () => {
    const { canvas } = await open();
    const run = jest.fn();
    const offered = () => {
      act(() => canvas.say('Deleted 1 node.', false, undefined, { label: 'Connect', run }));
      return screen.getByRole('button', { name: 'Connect' });
    };
    fireEvent.click(offered());
    expect(run).toHaveBeenCalledTimes(1);
    expect(document.activeElement).toBe(canvas.front);
    offered().focus();
    act(() => jest.advanceTimersByTime(60_000));
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Connect' }));
    act(() => canvas.doc.remove(['sales'], []));
    expect(screen.queryByRole('button', { name: 'Connect' })).toBeNull();
    expect(document.activeElement).toBe(canvas.front);
  });

  it('K2: keeps a file at its place when it becomes registered', async () => {
    const { canvas, settle } = await open();
    const source = canvas.services.palette as FakePalette;
    await act(settle);
    const palette = within(screen.getByLabelText('Datasets and executables'));
    const names = () => palette.getAllByRole('button').map(({ textContent }) => textContent);
    const before = names();
    expect(before).toEqual(['plot.py', 'score.ipynb', 'sales.csvcsv']);
    const path = 'work/plot.py';
    const plot = { type: 'executable' as const, id: 'p', name: 'plot', kind: 'command', path };
    act(() => {
      source.rows = [{ ...plot, detail: '1 in, 1 out' }, ...ROWS];
      source.changed.emit(undefined);
    });
    expect(names()).toEqual(before);
  });

  it('shows the file name as the default of a label', async () => {
    const { canvas } = await open();
    act(() => {
      canvas.store.select(['clean']);
      canvas.doc.setField('clean', 'label', 'My step');
    });
    const inspector = within(screen.getByRole('region', { name: 'Inspector' }));
    expect(inspector.getByText('changed from clean.ipynb')).toBeTruthy();
    fireEvent.click(inspector.getByRole('button', { name: 'Reset' }));
    expect(nodesOf(canvas).clean).not.toHaveProperty('label');
  });

  it('sets the environment of nodes that name none', async () => {
    const { canvas } = await open();
    const inspector = within(screen.getByRole('region', { name: 'Inspector' }));
    const field = inspector.getByLabelText('Environment');
    fireEvent.change(field, { target: { value: 'science' } });
    fireEvent.blur(field);
    expect(canvas.doc.meta.get('environment')).toBe('science');
    fireEvent.change(field, { target: { value: '' } });
    fireEvent.blur(field);
    expect(canvas.doc.meta.has('environment')).toBe(false);
  });

  it('K2: finds rows of the palette and adds one without a mouse drag', async () => {
    const { canvas } = await open();
    const search = screen.getByLabelText('Search datasets and executables');
    fireEvent.change(search, { target: { value: 'score' } });
    await act(async () => jest.advanceTimersByTime(50));
    const palette = within(screen.getByLabelText('Datasets and executables'));
    expect(palette.queryByText('sales.csv')).toBeNull();
    fireEvent.click(palette.getByText('score.ipynb'));
    expect(nodesOf(canvas)[canvas.store.selected[0]]).toEqual({
      type: 'executable',
      path: 'score.ipynb'
    });
  });

  it('K2: opens the files of the folder, and the rest during a search, also of the server', async () => {
    const { canvas, settle } = await open();
    const { search } = canvas.services.palette as FakePalette;
    search.mockResolvedValue([{ type: 'dataset', id: 'o', name: 'sales old.csv' }]);
    await act(settle);
    const palette = within(screen.getByLabelText('Datasets and executables'));
    const group = (title: string) => palette.getByText(title).closest('details')!;
    const files = 'Files in this folder';
    expect([group(files).open, group('Elsewhere').open]).toEqual([true, false]);
    expect(palette.getByText(files).textContent).toBe(`${files} 2`);
    fireEvent.change(palette.getByRole('searchbox'), { target: { value: 'sales' } });
    await act(settle);
    expect(search).toHaveBeenCalledWith('sales');
    expect(palette.queryByText(files)).toBeNull();
    expect(group('Elsewhere').open).toBe(true);
    const names = palette.getAllByRole('button').map(({ textContent }) => textContent);
    expect(names).toEqual(['sales.csvcsv', 'sales old.csv']);
  });

  it('K2: offers code that lies beside the workflow, and registers it on the way', async () => {
    const { canvas, backend, settle } = await open();
    await act(settle);
    const palette = within(screen.getByLabelText('Datasets and executables'));
    await act(async () => fireEvent.click(palette.getByText('plot.py')));
    expect(backend.registered).toEqual(['work/plot.py']);
    expect(canvas.doc.nodes.has('plot')).toBe(true);

    const changed = canvas.contents.fileChanged as Signal<unknown, unknown>;
    const come = async (path: string) => {
      changed.emit({ type: 'new', oldValue: null, newValue: { path } });
      await act(settle);
    };
    FILES.push('more.py');
    await come('elsewhere/more.py');
    expect(palette.queryByText('more.py')).toBeNull();
    await come('work/more.py');
    expect(palette.getByText('more.py')).toBeTruthy();
    FILES.pop();
    FILES.push('new.csv', 'notes.txt');
    await come('work/new.csv');
    expect(palette.queryByText('notes.txt')).toBeNull();
    await act(async () => fireEvent.click(palette.getByText('new.csv')));
    expect(canvas.doc.node('new')).toMatchObject({ type: 'dataset', path: 'new.csv' });
    FILES.length -= 2;
  });

  it('K7: edits the value of the selected node, as one undo step', async () => {
    const { canvas } = await open();
    act(() => canvas.store.select(['clean']));
    const field = screen.getByLabelText('alpha');
    fireEvent.change(field, { target: { value: '0.25' } });
    fireEvent.blur(field);
    expect(nodesOf(canvas).clean.arguments).toEqual({ alpha: { value: 0.25 } });
    act(() => void canvas.doc.undo());
    expect(nodesOf(canvas).clean.arguments).toBeUndefined();
  });

  it('K3: shows what was declared until the next run', async () => {
    const { canvas, backend, runs, settle } = await open();
    const reading = READINGS['clean.ipynb'];
    reading.undeclared = {
      code: 'work/clean.ipynb',
      files: [{ path: 'tidy.csv', role: 'output', name: 'tidy' }]
    };
    const ends = { source: 'clean', output: 'tidy', target: 'train', input: 'data' };
    const reason = 'clean writes tidy.csv, and train reads it';
    backend.proposals = [{ ...ends, writes: 'tidy.csv', reason }];
    canvas.checker.ask(0);
    await act(settle);
    act(() => canvas.store.select(['clean']));
    expect(screen.getByText(`${reason}.`)).toBeTruthy();
    delete reading.undeclared;
    await act(async () => fireEvent.click(screen.getByText('Declare as Inputs and Outputs')));
    expect(screen.getByText(/Run again to get the outputs/)).toBeTruthy();
    runs.run = { id: 'r2', state: 'running' };
    runs.states.set('clean', { state: 'running' });
    await act(async () => {
      runs.changed.emit(undefined);
      await settle();
    });
    expect(screen.queryByText(/Run again to get the outputs/)).toBeNull();
  });

  it('K7: a text that is no value blocks a run, also after another look, until it is reset', async () => {
    const { canvas, backend, settle } = await open();
    act(() => canvas.store.select(['clean']));
    const field = () => screen.getByLabelText<HTMLInputElement>('alpha');
    fireEvent.change(field(), { target: { value: 'zz' } });
    fireEvent.blur(field());
    act(() => canvas.store.select(['train']));
    await act(settle);
    expect(screen.getByText('1 problem')).toBeTruthy();
    for (const scope of ['all', 'selected'] as const) {
      await act(async () => void (await run(canvas, scope)));
      expect(canvas.ui.notice?.text).toBe('clean.ipynb: alpha: Enter a number.');
    }
    expect(backend.runs).toEqual([]);
    expect(field().value).toBe('zz');
    expect(field().getAttribute('aria-invalid')).toBe('true');
    fireEvent.click(screen.getByTitle('Reset “alpha” to its default'));
    expect(field().value).toBe('0.1');
    expect(document.activeElement).toBe(field());
    expect(screen.queryByText('1 problem')).toBeNull();
    await act(async () => void (await run(canvas, 'all')));
    expect(backend.runs).toHaveLength(1);
  });

  it('K11: edits how the node runs', async () => {
    const { canvas } = await open();
    act(() => canvas.store.select(['clean']));
    for (const [label, text] of [
      ['Memory', '2 GiB'],
      ['CPUs', '1.5']
    ]) {
      fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
      fireEvent.blur(screen.getByLabelText(label));
    }
    expect(nodesOf(canvas).clean).toMatchObject({ memory_bytes: 2147483648, cpu: 1.5 });
  });

  it('K11: offers the kernels of the machine to a notebook', async () => {
    const { canvas, settle } = await open();
    canvas.checker.ask(0);
    await act(settle);
    await act(async () => canvas.store.select(['clean']));
    const kernel = screen.getByLabelText('Kernel');
    expect(kernel.textContent).toBe('default: set by the notebookpython3ir');
    fireEvent.change(kernel, { target: { value: '1' } });
    expect(nodesOf(canvas).clean).toMatchObject({ kernel: 'ir' });
  });

  it('K11: suggests images once a field for them has the focus, and asks once', async () => {
    const { backend, canvas } = await open();
    const images = jest.spyOn(backend, 'images').mockResolvedValue(['cows:1']);
    for (const calls of [1, 1]) {
      await act(async () => canvas.store.select(['clean']));
      const field = () => screen.getByLabelText<HTMLInputElement>('Image');
      expect(field().list).toBeNull();
      await act(async () => fireEvent.focus(field()));
      expect(field().list!.options[0].value).toBe('cows:1');
      expect(images).toHaveBeenCalledTimes(calls);
      await act(async () => canvas.store.select([]));
    }
  });

  it('K7: declares parameters of the workflow when no node is selected', async () => {
    const { canvas } = await open();
    fireEvent.change(screen.getByLabelText('Name of a new parameter'), {
      target: { value: 'rate' }
    });
    fireEvent.click(screen.getByText('Add'));
    expect(canvas.doc.meta.get('parameters')).toEqual({ rate: { type: 'string' } });
    fireEvent.click(screen.getByText('Remove “rate”'));
    expect(canvas.doc.meta.has('parameters')).toBe(false);
  });

  it('K4: lists problems with a way to each', async () => {
    const { canvas, backend, settle } = await open();
    backend.problems = [
      { node: 'train', path: 'arguments.data', message: 'data needs a connection' }
    ];
    canvas.checker.ask(0);
    await act(settle);
    fireEvent.click(screen.getByText('1 problem'));
    fireEvent.click(screen.getByText('train.ipynb: data needs a connection'));
    expect(canvas.store.selected).toEqual(['train']);
    expect(screen.getByLabelText('data').getAttribute('aria-invalid')).toBe('true');
  });

  it('says when the server is away', async () => {
    const { canvas, backend, settle } = await open();
    backend.failure = new Error('Connection refused');
    canvas.checker.ask(0);
    await act(settle);
    expect(screen.getByText(/server is not reachable.*Connection refused/)).toBeTruthy();
  });

  it('K1: shows text that is no workflow, and replaces it only when told to', async () => {
    const { canvas } = await open();
    act(() => canvas.doc.setSource('<<<<<<< HEAD'));
    expect(screen.getByText('<<<<<<< HEAD')).toBeTruthy();
    fireEvent.click(screen.getByText('Restore Last Valid Workflow'));
    expect(canvas.doc.broken).toBeUndefined();
    expect(screen.getByRole('table')).toBeTruthy();
  });
});
