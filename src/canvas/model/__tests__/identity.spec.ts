import { addRow } from '../editing';
import { recall } from '../viewState';
import { bench, IBench, steps } from './fakes';

jest.useFakeTimers();

const ROW = { type: 'executable', id: 'x', name: 'plot' } as const;

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

describe('K1: a workflow is the one with its ID', () => {
  it('is followed where its file is moved to', async () => {
    const { canvas, backend, runs, rename, settle } = one;
    canvas.set({ outline: true });
    rename('deep/other.nbflow');
    await settle();
    expect(runs.path?.()).toBe('deep/other.nbflow');
    expect(backend.questions[backend.questions.length - 1].path).toBe('deep/other.nbflow');
    expect(recall('deep/other.nbflow')).toMatchObject({ outline: true });
  });

  it('gets an ID when it is first saved, which undo and a revert keep', async () => {
    const { canvas } = one;
    canvas.doc.meta.delete('id');
    canvas.id = undefined;
    await canvas.context.save();
    const id = canvas.doc.meta.get('id');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    addRow(canvas, ROW);
    expect(steps(canvas)).toBe(1);
    canvas.doc.undo();
    expect(canvas.doc.meta.get('id')).toBe(id);
    canvas.context.model.fromString('');
    addRow(canvas, ROW);
    expect(canvas.doc.meta.get('id')).toBe(id);
  });

  it('says that a file is a copy, and gives it an ID of its own with the next save', async () => {
    const { canvas, backend, settle } = one;
    backend.copyOf = 'work/first.nbflow';
    canvas.checker.ask(0);
    await settle();
    expect(canvas.ui.notice?.text).toContain('a copy of work/first.nbflow');
    expect(canvas.doc.meta.get('id')).toBe('w');
    await canvas.context.save();
    const own = canvas.doc.meta.get('id');
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
    await canvas.context.save();
    expect(canvas.doc.meta.get('id')).toBe(own);
  });
});
