import { Dialog, showDialog } from '@jupyterlab/apputils';
import { bench, nodesOf } from '../../model/__tests__/fakes';
import { takeFromDesktop } from '../desktopFiles';

jest.mock('@jupyterlab/apputils', () => ({
  ...jest.requireActual('@jupyterlab/apputils'),
  showDialog: jest.fn()
}));
jest.useFakeTimers();
const asked = jest.mocked(showDialog);

const file = (name: string, size = 3) => ({ name, size, slice: () => new Blob([name]) }) as File;

/** Drop files on a folder with these names, and answer the question about them. */
async function drop(names: string[], files: File[], answer?: string) {
  const { canvas, backend } = await bench();
  const before = Object.keys(nodesOf(canvas));
  const saved: string[] = [];
  Object.assign(canvas.contents, {
    get: async () => ({ type: 'directory', content: names.map(name => ({ name })) }),
    save: async (path: string, { content }: { content: string }) => {
      expect(files.map(({ name }) => name)).toContain(atob(content));
      saved.push(path);
    }
  });
  asked.mockReset();
  asked.mockImplementation(async ({ buttons = [] } = {}) => ({
    button: buttons.find(({ actions }) => actions[0] === answer) ?? Dialog.cancelButton(),
    isChecked: null,
    value: null
  }));
  jest.useRealTimers(); // a file is read in a task of its own
  await takeFromDesktop(canvas, files, { x: 0, y: 0 });
  jest.useFakeTimers();
  const nodes = Object.entries(nodesOf(canvas)).filter(([id]) => !before.includes(id));
  return { canvas, backend, saved, paths: nodes.map(([, { path }]) => path) };
}

describe('D10, K2: files from the desktop', () => {
  it('are stored beside the workflow without a question if their names are free', async () => {
    const { backend, saved, paths } = await drop(['a.csv'], [file('b.csv')]);
    expect(asked).not.toHaveBeenCalled();
    expect(backend.registered).toEqual(['work/b.csv']);
    expect([saved, paths]).toEqual([['work/b.csv'], ['b.csv']]);
  });

  it.each([
    ['existing', ['work/c.csv'], ['a.csv', 'b.csv', 'c.csv']],
    ['replace', ['work/a.csv', 'work/b.csv', 'work/c.csv'], ['a.csv', 'b.csv', 'c.csv']],
    ['both', ['work/a 3.csv', 'work/b 2.csv', 'work/c.csv'], ['a 3.csv', 'b 2.csv', 'c.csv']],
    [undefined, [], []]
  ])('with existing names are asked about once: %s', async (answer, written, added) => {
    const files = [file('a.csv'), file('b.csv'), file('c.csv')];
    const { saved, paths } = await drop(['a.csv', 'a 2.csv', 'b.csv'], files, answer);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(asked.mock.calls[0][0]!.body).toBe('a.csv, b.csv');
    expect([saved, paths]).toEqual([written, added]);
  });

  it('are too large only if they are written', async () => {
    const large = 16 * 1024 * 1024;
    const { paths } = await drop(['a.csv'], [file('a.csv', large)], 'existing');
    expect(paths).toEqual(['a.csv']);
    const { canvas, saved } = await drop(['a.csv'], [file('a.csv', large)], 'replace');
    expect(saved).toEqual([]);
    expect(canvas.ui.notice?.problem).toBe(true);
  });
});
