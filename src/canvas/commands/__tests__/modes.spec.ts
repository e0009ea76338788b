import { cardLabel } from '../../model/texts';
import { toggleMode } from '../modes';
import { bench, IBench, nodesOf, READINGS, steps } from '../../model/__tests__/fakes';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench();
});

afterEach(() => {
  delete READINGS['train.ipynb'].is_idle;
  one.canvas.dispose();
  jest.useRealTimers();
});

describe('K9: muted and bypassed nodes', () => {
  it('get the mode in one undo step, and lose it if all have it', () => {
    const { canvas } = one;
    canvas.store.select(['clean', 'train', 'sales']);
    const before = steps(canvas);
    toggleMode(canvas, 'muted');
    expect(steps(canvas)).toBe(before + 1);
    expect(Object.values(nodesOf(canvas)).map(node => node.mode)).toEqual(Array(3).fill('muted'));
    expect(canvas.hasMode('muted')).toBe(true);
    expect(canvas.ui.notice!.text).toBe('Muted 3 nodes. Undo: Ctrl+Z');
    canvas.store.select(['clean']);
    toggleMode(canvas, 'bypassed');
    expect(nodesOf(canvas).clean.mode).toBe('bypassed');
    expect(canvas.ui.notice!.text).toBe('Bypassed clean.ipynb. Undo: Ctrl+Z');
    toggleMode(canvas, 'bypassed');
    expect(nodesOf(canvas).clean).not.toHaveProperty('mode');
    canvas.doc.undo();
    expect(nodesOf(canvas).clean.mode).toBe('bypassed');
  });

  it('a dataset cannot be bypassed, because it has no inputs', () => {
    const { canvas } = one;
    canvas.store.select(['sales']);
    toggleMode(canvas, 'bypassed');
    expect(nodesOf(canvas).sales).not.toHaveProperty('mode');
    expect(canvas.ui.notice).toMatchObject({ problem: true });
    canvas.store.select(['sales', 'clean']);
    toggleMode(canvas, 'bypassed');
    expect(nodesOf(canvas).sales).not.toHaveProperty('mode');
    expect(nodesOf(canvas).clean.mode).toBe('bypassed');
    expect(canvas.hasMode('bypassed')).toBe(true); // the command offers to remove it
    toggleMode(canvas, 'bypassed');
    expect(nodesOf(canvas).clean).not.toHaveProperty('mode');
    canvas.store.select(['sales']);
    expect(canvas.hasMode('bypassed')).toBe(false);
  });

  it('say so on the card, as do the nodes that depend on a muted one', async () => {
    const { canvas, settle } = one;
    READINGS['train.ipynb'].is_idle = true;
    canvas.store.select(['clean']);
    toggleMode(canvas, 'muted');
    await settle();
    const words = (id: string) => cardLabel(canvas.views.get(id), canvas.trans);
    expect(canvas.views.get('clean')!.off).toBe('muted');
    expect(words('clean')).toContain('muted');
    expect(words('train')).toContain('not run');
    expect(words('sales')).toBe('sales.csv, dataset');
  });
});
