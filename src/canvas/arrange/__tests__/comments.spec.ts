import { addComment, editComment, endEditing, resizeComments, writeComment } from '../comments';
import { clipboardText, pasteText, removeSelection } from '../../model/editing';
import { parseFlow } from '../../../document/flow';
import { boxOf, overlaps } from '../../model/placement';
import { tidy } from '../../stage/tidy';
import { bench, IBench, steps } from '../../model/__tests__/fakes';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench();
});

afterEach(() => {
  one.canvas.dispose();
  jest.useRealTimers();
});

const texts = () => Object.values(one.canvas.doc.toJSON().comments).map(({ text }) => text);

function write(text: string): string {
  addComment(one.canvas);
  const { id } = one.canvas.ui.editing!;
  writeComment(one.canvas, id, text);
  endEditing(one.canvas, id);
  return id;
}

describe('K9: comments', () => {
  it('are stored with their place, as one undo step with their text', () => {
    const { canvas } = one;
    const before = steps(canvas);
    const id = write('# Data');
    expect(id).toBe('#1');
    expect(steps(canvas)).toBe(before + 1);
    const flow = parseFlow(canvas.doc.getSource())!;
    expect(flow.comments).toEqual({ '#1': { text: '# Data' } });
    expect(flow.positions['#1']).toHaveLength(2);
    expect(canvas.store.node('#1')).toMatchObject({ type: 'comment', initialWidth: 240 });
    canvas.doc.undo();
    expect(texts()).toEqual([]);
    expect(canvas.doc.getSource()).not.toContain('comments');
  });

  it('end their undo step also if a double click opens them while they are written', () => {
    const { canvas } = one;
    const before = steps(canvas);
    addComment(canvas);
    editComment(canvas);
    writeComment(canvas, '#1', 'a');
    endEditing(canvas, '#1');
    canvas.doc.setField('clean', 'label', 'Tidy');
    canvas.doc.setField('train', 'label', 'Learn');
    expect(steps(canvas)).toBe(before + 3);
  });

  it('are in the document while they are written, as one undo step', () => {
    const { canvas } = one;
    write('a');
    const before = steps(canvas);
    canvas.store.select(['#1']);
    editComment(canvas);
    writeComment(canvas, '#1', 'ab');
    expect(parseFlow(canvas.doc.getSource())!.comments['#1'].text).toBe('ab');
    expect(canvas.context.model.dirty).toBe(true);
    writeComment(canvas, '#1', 'abc');
    endEditing(canvas, '#1');
    expect(steps(canvas)).toBe(before + 1);
    canvas.doc.undo();
    expect(texts()).toEqual(['a']);
  });

  it('end when another one is opened', () => {
    const { canvas } = one;
    const before = steps(canvas);
    addComment(canvas);
    writeComment(canvas, '#1', 'a');
    addComment(canvas);
    expect(canvas.ui.editing!.id).toBe('#2');
    writeComment(canvas, '#2', 'b');
    canvas.store.select(['#1']);
    editComment(canvas);
    expect(canvas.ui.editing).toEqual({ id: '#1' });
    expect(steps(canvas)).toBe(before + 2);
  });

  it('without a text are removed', () => {
    write('  ');
    expect(texts()).toEqual([]);
    write('a');
    one.canvas.store.select(['#1']);
    editComment(one.canvas);
    writeComment(one.canvas, '#1', '');
    endEditing(one.canvas, '#1');
    expect(texts()).toEqual([]);
  });

  it('that frame cards move with them when the cards are arranged', async () => {
    const { canvas } = one;
    canvas.doc.addComment('#1', { text: 'frame', size: [700, 300] }, [280, -40]);
    canvas.doc.addComment('#2', { text: 'beside' }, [0, 900]);
    canvas.doc.move([
      ['clean', [300, 0]],
      ['train', [600, 40]],
      ['sales', [20, 800]]
    ]);
    await tidy(canvas);
    const at = (id: string) => canvas.store.place(id);
    const corner = [0, 1].map(axis => Math.min(at('clean')[axis], at('train')[axis]));
    expect(at('clean')).not.toEqual([300, 0]);
    expect([at('#1')[0] - corner[0], at('#1')[1] - corner[1]]).toEqual([-20, -40]);
    const covers = canvas.store.nodes
      .filter(({ id }) => id !== '#2')
      .some(({ id }) => overlaps(boxOf(canvas, '#2'), boxOf(canvas, id)));
    expect(covers).toBe(false);
  });

  it('are no nodes: commands for nodes and the server do not see them', async () => {
    const { canvas, backend, settle } = one;
    const asked = backend.questions.length;
    write('a');
    canvas.store.select(['#1', 'clean']);
    expect(canvas.targets).toEqual(['clean']);
    expect(canvas.chosen).toEqual(['clean', '#1']);
    canvas.store.select(['#1']);
    expect(canvas.step).toBeUndefined();
    await settle();
    expect(backend.questions).toHaveLength(asked);
  });

  it('are moved, copied and deleted with the selection', () => {
    const { canvas } = one;
    write('a');
    canvas.doc.setComment('#1', 'size', [300, 90]);
    canvas.store.select(['#1', 'clean']);
    const ids = pasteText(canvas, clipboardText(canvas));
    expect(ids).toEqual(['#2', 'clean_2']);
    expect(canvas.doc.comment('#2')).toEqual({ text: 'a', size: [300, 90] });
    removeSelection(canvas);
    expect(canvas.doc.has('#2') || canvas.doc.has('clean_2')).toBe(false);
    expect(texts()).toEqual(['a']);
  });

  it('get another size with keys, as one undo step', () => {
    const { canvas } = one;
    resizeComments(canvas, 20, 0);
    expect(canvas.ui.notice).toMatchObject({ problem: true });
    write('a');
    write('b');
    canvas.doc.setComment('#2', 'size', [90, 50]);
    canvas.store.select(['#1', '#2', 'clean']);
    const before = steps(canvas);
    resizeComments(canvas, -20, 0);
    expect(steps(canvas)).toBe(before + 1);
    expect(['#1', '#2'].map(id => canvas.doc.comment(id)!.size)).toEqual([
      [220, 120],
      [80, 50]
    ]);
  });

  it('do not change in a workflow that is read-only', () => {
    const { canvas } = one;
    write('a');
    canvas.store.select(['#1']);
    Object.defineProperty(canvas, 'readOnly', { value: true });
    editComment(canvas);
    expect(canvas.ui.editing).toBeUndefined();
  });
});
