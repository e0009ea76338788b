import { showPlace } from '../editSource';

const editor = () => ({
  lineCount: 9,
  setCursorPosition: jest.fn(),
  revealPosition: jest.fn(),
  focus: jest.fn()
});

function opened(content: object, path = 'proj/work.py') {
  const context = { ready: Promise.resolve(), path };
  return { context, revealed: Promise.resolve(), content };
}

describe('K5: Edit Source after a failure', () => {
  it('opens a notebook with the failing cell active, scrolled to, at its line', async () => {
    const cell = { ready: Promise.resolve(), editor: editor() };
    const notebook = {
      widgets: [{}, {}, cell],
      activeCell: cell,
      activeCellIndex: 0,
      deselectAll: jest.fn(),
      scrollToItem: jest.fn(),
      activate: jest.fn()
    };
    await showPlace(opened(notebook), { cell: 2, line: 3 });
    expect(notebook.activeCellIndex).toBe(2);
    expect(notebook.scrollToItem).toHaveBeenCalledWith(2, 'center');
    expect(cell.editor.setCursorPosition).toHaveBeenCalledWith({ line: 2, column: 0 });
    expect(notebook.activate).toHaveBeenCalled();
  });

  it('scrolls to the cell again if the notebook goes back to its top', async () => {
    jest.useFakeTimers();
    const box = (top: number) =>
      Object.assign(document.createElement('div'), {
        getBoundingClientRect: () => ({ top, bottom: top + 100 })
      });
    const cell = { ready: Promise.resolve(), node: box(900) };
    const notebook = {
      widgets: [cell],
      node: box(0),
      activeCellIndex: 0,
      deselectAll: jest.fn(),
      scrollToItem: jest.fn(async () => (cell.node = box(40))),
      activate: () => (cell.node = box(900))
    };
    await showPlace(opened(notebook), { cell: 0 });
    expect(notebook.scrollToItem).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(3000);
    expect(notebook.scrollToItem).toHaveBeenCalledTimes(2);
    await showPlace(opened(notebook), { cell: 0 });
    notebook.node.dispatchEvent(new WheelEvent('wheel')); // the user looks elsewhere
    await jest.advanceTimersByTimeAsync(3000);
    expect(notebook.scrollToItem).toHaveBeenCalledTimes(3);
    jest.useRealTimers();
  });

  it('opens a script at the line of that file', async () => {
    const text = editor();
    await showPlace(opened({ editor: text }), { lines: { 'other.py': 1, 'work.py': 5 } });
    expect(text.setCursorPosition).toHaveBeenCalledWith({ line: 4, column: 0 });
    expect(text.revealPosition).toHaveBeenCalled();
    expect(text.focus).toHaveBeenCalled();
  });

  it('stays within a file that has become shorter, and opens others as usual', async () => {
    const text = editor();
    await showPlace(opened({ editor: text }), { lines: { 'work.py': 50 } });
    expect(text.setCursorPosition).toHaveBeenCalledWith({ line: 8, column: 0 });
    const shorter = { widgets: [{}], activeCellIndex: 0 };
    await showPlace(opened(shorter), { cell: 4 });
    await showPlace(opened({}), { cell: 4 });
    await showPlace(undefined, {});
    expect(shorter.activeCellIndex).toBe(0);
  });
});
