import { fireEvent, waitFor } from '@testing-library/react';
import { Signal } from '@lumino/signaling';
import { run } from '../running';
import { bench, IBench } from '../../model/__tests__/fakes';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench('work/flow.nbflow');
  jest.useRealTimers();
});

afterEach(() => one.canvas.dispose());

const field = () => document.querySelector('.jp-Dialog input');
const accept = () => document.querySelector('.jp-Dialog-button.jp-mod-accept');

describe('K7: a workflow with a parameter that has no default', () => {
  it('asks for it however it is run, beginning with the last value', async () => {
    const { canvas, backend } = one;
    canvas.doc.meta.set('parameters', { who: { type: 'string' } });
    backend.last = { who: 'Ann' };
    canvas.store.select(['clean']);
    const answer = run(canvas, 'selected', { force: true });
    await waitFor(() => expect(accept()).toBeTruthy());
    expect(backend.runs).toEqual([]);
    fireEvent.click(accept()!);
    expect(await answer).toBe('run-1');
    expect(backend.runs[0].selection).toMatchObject({
      scope: 'selected',
      nodes: ['clean'],
      parameters: { who: 'Ann' },
      force: true
    });
  });

  it('keeps what is typed for this workflow only', async () => {
    const { canvas } = one;
    canvas.doc.meta.set('parameters', { who: { type: 'string' } });
    const answer = run(canvas, 'all');
    await waitFor(() => expect(field()).toBeTruthy());
    fireEvent.change(field()!, { target: { value: 'Bea' } });
    await waitFor(() => expect(Object.keys(sessionStorage).join()).toContain('work/flow.nbflow'));
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-reject')!);
    expect(await answer).toBeUndefined();
  });

  it('K10: runs once for each value if one argument is bound to it', async () => {
    const { canvas, backend } = one;
    canvas.doc.meta.set('parameters', { rate: { type: 'float' } });
    canvas.doc.setArgument('clean', 'alpha', { parameter: 'rate' });
    const answer = run(canvas, 'all');
    const sweep = () => document.querySelector<HTMLElement>('.jp-Dialog .nby-Field-head .nby-Link');
    await waitFor(() => expect(sweep()?.textContent).toBe('Sweep… rate'));
    fireEvent.click(sweep()!);
    await waitFor(() => expect(document.activeElement).toBe(field()));
    fireEvent.change(field()!, { target: { value: '0.01, 0.1' } });
    fireEvent.blur(field()!);
    await waitFor(() => expect(document.body.textContent).toContain('2 elements'));
    fireEvent.click(accept()!);
    expect(await answer).toBe('run-1');
    expect(backend.runs[0].selection).toMatchObject({
      parameters: {},
      sweep: { 'clean.alpha': '0.01, 0.1' }
    });
  });

  it('is not asked for where it has one', async () => {
    const { canvas, backend } = one;
    canvas.doc.meta.set('parameters', { who: { type: 'string', default: 'Ann' } });
    expect(await run(canvas, 'to')).toBeUndefined();
    canvas.store.select(['clean']);
    expect(await run(canvas, 'to')).toBe('run-1');
    expect(backend.runs[0].selection.parameters).toBeUndefined();
  });
});

describe('K1: changed documents', () => {
  it('are saved before a run', async () => {
    const { canvas, backend } = one;
    expect(await run(canvas, 'all')).toBe('run-1');
    expect(backend.saved).toEqual(['work/flow.nbflow']);
  });

  it('that are not saved are named, and nothing runs', async () => {
    const { canvas, backend } = one;
    backend.save = () => Promise.reject(new Error('clean.ipynb is not saved.'));
    expect(await run(canvas, 'all', { sample: { rows: 5 } })).toBeUndefined();
    expect(backend.runs).toEqual([]);
    expect(canvas.ui.notice?.text).toBe('Not started: clean.ipynb is not saved.');
  });
});

describe('K15: Check Run', () => {
  it('asks for a sample, and says so', async () => {
    const { canvas, backend } = one;
    expect(await run(canvas, 'all', { sample: { rows: 5 } })).toBe('run-1');
    expect(backend.runs[0].selection).toMatchObject({ scope: 'all', sample: { rows: 5 } });
    expect(canvas.ui.notice?.text).toContain('sample of the data');
  });
});

describe('problems of the last check', () => {
  const problem = { node: 'clean', message: 'this output no longer exists' };

  async function found(problems: (typeof problem)[]): Promise<void> {
    one.backend.problems = problems;
    one.canvas.checker.ask(0);
    await waitFor(() => expect(one.canvas.checker.problems).toHaveLength(problems.length));
  }

  it('do not block a run once the file is corrected', async () => {
    const { canvas, backend } = one;
    await found([problem]);
    expect(await run(canvas, 'all')).toBeUndefined();
    expect(canvas.ui.notice?.text).toContain('no longer exists');
    backend.problems = [];
    expect(await run(canvas, 'all')).toBe('run-1');
  });

  it('are looked for again when a file is saved', async () => {
    const { canvas, backend } = one;
    await found([problem]);
    backend.problems = [];
    const { fileChanged } = canvas.contents as unknown as { fileChanged: Signal<object, object> };
    fileChanged.emit({ type: 'save', newValue: { path: 'work/clean.ipynb' } });
    await waitFor(() => expect(canvas.checker.problems).toEqual([]));
  });

  it('are looked for again once the canvas is shown, if a file was saved meanwhile', async () => {
    const { canvas, backend } = one;
    const { checker } = canvas;
    await found([problem]);
    backend.problems = [];
    checker.isShown = false;
    const { fileChanged } = canvas.contents as unknown as { fileChanged: Signal<object, object> };
    fileChanged.emit({ type: 'save', newValue: { path: 'work/clean.ipynb' } });
    expect(checker.settled).toBe(true);
    checker.isShown = true;
    await waitFor(() => expect(checker.problems).toEqual([]));
  });
});
