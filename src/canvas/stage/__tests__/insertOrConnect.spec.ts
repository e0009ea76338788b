import { renderHook } from '@testing-library/react';
import { insertInto, insertOrConnect } from '../insertOrConnect';
import { connect } from '../../model/connecting';
import { removeSelection } from '../../model/editing';
import { findNode } from '../../commands/prompts';
import { useFirstFit } from '../Stage';
import { fit, refit, seesAll, textSize, viewFor, viewToKeep } from '../navigation';
import { focusNode } from '../../model/focus';
import { bench, IBench } from '../../model/__tests__/fakes';

jest.useFakeTimers();

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

describe('when the picture has another size', () => {
  it('a selected card that was in view stays there', () => {
    const { canvas } = one;
    const stage = document.createElement('div');
    stage.getBoundingClientRect = () =>
      ({ left: 0, right: 400, top: 0, bottom: 300, width: 400 }) as DOMRect;
    const setViewport = jest.fn();
    canvas.stage = stage;
    canvas.flow = {
      getViewport: () => ({ x: 0, y: 0, zoom: 1 }),
      flowToScreenPosition: (place: object) => place,
      setViewport
    } as never;
    canvas.doc.move([['clean', [600, 100]]]);
    canvas.store.select(['clean']);
    refit(canvas, { width: 500, height: 300 });
    expect(setViewport).not.toHaveBeenCalled(); // one looked elsewhere
    refit(canvas, { width: 900, height: 300 });
    expect(setViewport).toHaveBeenCalledWith({ x: -416, y: 0, zoom: 1 });
    canvas.stage = canvas.flow = undefined;
  });
});

describe('a view that nobody moved', () => {
  it('shows a new card above the zoom bar and the button of the minimap', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [300, 520]]]);
    const { moves, end } = picture(one, 700);
    focusNode(canvas, 'train');
    const height = 90; // of a card that is not measured
    expect(moves).toEqual([{ x: 0, y: 600 - 40 - (520 + height), zoom: 1 }]);
    end();
  });

  it.each([undefined, true])(
    'is fitted again after a resize, also if a card was brought into view meanwhile (whole: %s)',
    isWhole => {
      const { canvas } = one;
      canvas.doc.move([['train', [isWhole ? 40_000 : 900, 0]]]);
      const { moves, end } = picture(one, 700);
      fit(canvas, { isWhole });
      focusNode(canvas, 'train');
      expect(moves).toHaveLength(2);
      expect(canvas.fitted).toEqual({ ...moves[1], isWhole });
      refit(canvas, { width: 900, height: 600 });
      expect(moves[2]).toEqual(moves[0]);
      end();
    }
  );

  it('stays when a panel opens beside a selected card that is visible', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [900, 0]]]);
    const { moves, end } = picture(one, 1000);
    fit(canvas);
    expect(moves[0].zoom).toBeLessThan(1);
    canvas.store.select(['train']);
    refit(canvas, { width: 1400, height: 600 });
    expect(moves).toHaveLength(1);
    end();
  });

  it('stays when a message comes or goes below', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [900, 0]]]);
    const { moves, end } = picture(one, 700);
    fit(canvas);
    refit(canvas, { width: 700, height: 640 });
    expect(moves).toHaveLength(1);
    refit(canvas, { width: 700, height: 900 });
    expect(moves).toHaveLength(2);
    end();
  });

  it('is not fitted so small that titles are not legible', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [9000, 0]]]);
    const { moves, end } = picture(one, 900);
    canvas.flow!.setViewport({ x: 0, y: 0, zoom: 0.4 });
    canvas.fitted = { ...moves[0], isWhole: true };
    refit(canvas, { width: 900, height: 900 });
    expect(moves[1].zoom).toBe(0.35);
    canvas.flow!.setViewport({ x: 0, y: 0, zoom: 0.2 }); // as the user chose it
    canvas.fitted = { ...moves[2], isWhole: true };
    refit(canvas, { width: 900, height: 900 });
    expect(moves[3].zoom).toBe(0.2);
    end();
  });

  it('comes back when the room below is free again', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [40, 700]]]);
    const { moves, end } = picture(one, 900);
    canvas.store.select(['train']);
    refit(canvas, { width: 900, height: 1000 });
    expect(moves).toEqual([{ x: 0, y: -230, zoom: 1 }]);
    Object.defineProperty(canvas.stage, 'clientHeight', { value: 1000 });
    refit(canvas, { width: 900, height: 600 });
    expect(moves[1]).toEqual({ x: 0, y: 0, zoom: 1 });
    end();
  });

  it('stays after a resize while all cards are visible at full size', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [300, 100]]]);
    const { moves, end } = picture(one, 900);
    fit(canvas);
    expect(moves[0].zoom).toBe(1);
    refit(canvas, { width: 900, height: 640 });
    expect(moves).toHaveLength(1);
    end();
  });
});

describe('after a failure', () => {
  it('the failed card is brought into view, and stays there after a resize', () => {
    const { canvas, runs } = one;
    canvas.doc.move([['train', [3000, 0]]]);
    const { moves, end } = picture(one, 700);
    fit(canvas);
    const states = Object.assign(runs, { run: { id: 'run-1', state: 'running' } });
    runs.changed.emit(undefined);
    expect(moves).toHaveLength(1);
    runs.states.set('train', { state: 'failed' });
    states.run.state = 'failed';
    runs.changed.emit(undefined);
    expect(moves).toHaveLength(2);
    refit(canvas, { width: 900, height: 600 });
    expect(moves.at(-1)).toEqual(moves[1]);
    end();
  });
});

describe('K2: cards that are all in view', () => {
  it('stay there when Run Info opens, with the same zoom', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [600, 320]]]);
    const { moves, end } = picture(one, 900);
    void canvas.flow!.setViewport({ x: 20, y: 70, zoom: 1 });
    canvas.fitted = canvas.flow!.getViewport();
    refit(canvas, { width: 900, height: 1000 });
    expect(moves[1].zoom).toBe(1);
    expect(seesAll(canvas)).toBe(true);
    end();
  });

  it('stay there when a result makes one of them taller, with the zoom that the user chose', async () => {
    const { canvas } = one;
    await one.settle();
    canvas.doc.move([['train', [600, 200]]]);
    const { moves, end } = picture(one, 900);
    void canvas.flow!.setViewport({ x: 0, y: 150, zoom: 1 });
    const { result } = renderHook(() => useFirstFit(canvas, false));
    const grow = (height: number) =>
      result.current([
        {
          id: 'train',
          type: 'dimensions',
          dimensions: { width: 232, height },
          setAttributes: false
        }
      ]);
    grow(150);
    expect(moves).toHaveLength(1);
    grow(300);
    expect(moves[1]).toEqual({ x: 16, y: 600 - 40 - 500, zoom: 1 });
    grow(900);
    expect(moves).toHaveLength(2);
    end();
  });
});

describe('K2: the first view', () => {
  const sized = { id: 'clean', type: 'dimensions' as const };

  it('is fitted again whenever cards are measured, until the user acts in the tab', () => {
    const { canvas } = one;
    const { moves, end } = picture(one, 700);
    fit(canvas, { isWhole: true });
    const { result } = renderHook(() => useFirstFit(canvas, true));
    result.current([sized]);
    result.current([{ id: 'clean', type: 'select', selected: false }]);
    expect(moves).toHaveLength(2);
    expect(canvas.fitted).toEqual({ ...moves[1], isWhole: true });
    canvas.stage!.dispatchEvent(new Event('pointerdown'));
    result.current([sized]);
    expect(moves).toHaveLength(2);
    end();
  });

  it('stays where the user has moved it, or where a reload restores it', () => {
    const { canvas } = one;
    const { moves, end } = picture(one, 700);
    fit(canvas);
    renderHook(() => useFirstFit(canvas, false)).result.current([sized]);
    void canvas.flow!.setViewport({ x: 50, y: 0, zoom: 1 });
    renderHook(() => useFirstFit(canvas, true)).result.current([sized]);
    expect(moves).toHaveLength(2);
    end();
  });
});

describe('K6: the view that a reload keeps', () => {
  it('is a place only if the user moved there; a fitted view is fitted to the next window', () => {
    const { canvas } = one;
    const { end } = picture(one, 700);
    fit(canvas, { isWhole: true });
    const fitted = canvas.flow!.getViewport();
    expect(viewToKeep(canvas, fitted)).toEqual({ viewport: undefined });
    const moved = { ...fitted, x: fitted.x + 50 };
    void canvas.flow!.setViewport(moved);
    expect(viewToKeep(canvas, moved)).toEqual({ viewport: moved });
    end();
  });
});

/** A picture of this width at zoom 1 from 0, 0: where it is moved to. */
function picture({ canvas }: IBench, width: number) {
  let view = { x: 0, y: 0, zoom: 1 };
  const moves: (typeof view)[] = [];
  const stage = document.createElement('div');
  Object.defineProperties(stage, {
    clientWidth: { value: width },
    clientHeight: { value: 600, configurable: true }
  });
  stage.getBoundingClientRect = () =>
    ({ left: 0, right: width, top: 0, bottom: 600, width, height: 600 }) as DOMRect;
  canvas.stage = stage;
  canvas.flow = {
    getViewport: () => view,
    setViewport: (next: typeof view) => moves.push((view = next)),
    screenToFlowPosition: ({ x, y }: { x: number; y: number }) => ({
      x: (x - view.x) / view.zoom,
      y: (y - view.y) / view.zoom
    }),
    flowToScreenPosition: ({ x, y }: { x: number; y: number }) => ({
      x: x * view.zoom + view.x,
      y: y * view.zoom + view.y
    }),
    getNodesBounds: (nodes: { position: { x: number; y: number } }[]) => {
      const xs = nodes.map(({ position }) => position.x);
      const x = Math.min(...xs);
      return { x, y: 0, width: Math.max(...xs) + 230 - x, height: 130 };
    }
  } as never;
  return { moves, end: () => (canvas.stage = canvas.flow = undefined) };
}

describe('a thing that is dropped on a card', () => {
  it('K2: moves the picture at once or not at all, and says that it is being read', async () => {
    const { canvas, settle } = one;
    canvas.doc.remove(['clean', 'train'], []);
    await settle();
    const { moves, end } = picture(one, 500);
    const dropped = insertOrConnect(canvas, 'sales', async () => {
      canvas.doc.addNode('clean', { type: 'executable', path: 'clean.ipynb' }, [0, 0]);
      return ['clean'];
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(canvas.views.get('clean')).toMatchObject({ checked: false, pending: true });
    const before = moves.length;
    expect(before).toBeGreaterThan(0);
    await settle();
    await dropped;
    expect(canvas.views.get('clean')).toMatchObject({ checked: true, pending: false });
    expect(moves.length).toBe(before);
    end();
  });
});

describe('a node and a connection', () => {
  const DIRECT = { source: 'sales', output: 'data', target: 'train', input: 'data' };

  it('K2: a node that fits is inserted into the connection, in one undo step', async () => {
    const { canvas, settle } = one;
    await settle();
    void connect(canvas, DIRECT);
    expect(insertInto(canvas, 'clean', 'sales.data->train.data')).toBe(true);
    expect(canvas.doc.allEdges()).toEqual([
      { source: 'clean', output: 'tidy', target: 'train', input: 'data' },
      { source: 'sales', output: 'data', target: 'clean', input: 'raw' }
    ]);
    canvas.doc.undo();
    expect(canvas.doc.allEdges()).toEqual([DIRECT]);
  });

  it('K2: the ends of a connection are not inserted into it', async () => {
    const { canvas, settle } = one;
    await settle();
    void connect(canvas, DIRECT);
    expect(insertInto(canvas, 'train', 'sales.data->train.data')).toBe(false);
    expect(insertInto(canvas, 'clean', 'no such connection')).toBe(false);
    expect(canvas.doc.allEdges()).toEqual([DIRECT]);
  });

  it('K2: after a node in the middle is deleted, its neighbours can be connected', async () => {
    const { canvas, settle } = one;
    await settle();
    void connect(canvas, { source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    void connect(canvas, { source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    canvas.store.select(['clean']);
    removeSelection(canvas);
    expect(canvas.doc.allEdges()).toEqual([]);
    const { run } = canvas.ui.notice!.action!;
    run();
    expect(canvas.doc.allEdges()).toEqual([DIRECT]);
    run(); // an input has one connection
    expect(canvas.doc.allEdges()).toEqual([DIRECT]);
  });

  it('K2: an undo or the next edit withdraws the offer to connect the neighbours', async () => {
    const { canvas, settle } = one;
    await settle();
    void connect(canvas, { source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    void connect(canvas, { source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    const offer = () => {
      canvas.store.select(['clean']);
      removeSelection(canvas);
      return canvas.ui.notice!.action!;
    };
    const { run } = offer();
    canvas.doc.move([['train', [610, 40]]]);
    expect(canvas.ui.notice?.action).toBeDefined();
    canvas.doc.undo();
    canvas.doc.undo();
    expect(canvas.ui.notice).toBeUndefined();
    run(); // too late: the inputs are connected
    expect(canvas.doc.allEdges()).toHaveLength(2);
    offer();
    void connect(canvas, DIRECT);
    expect(canvas.ui.notice?.action).toBeUndefined();
  });

  it('K2: a node is found by its state and kind', async () => {
    const { canvas, settle, runs } = one;
    await settle();
    runs.states.set('clean', { state: 'failed' });
    void findNode(canvas);
    const found = canvas.ui.picker!.items.filter(({ detail }) => detail?.includes('is:failed'));
    expect(found).toEqual([
      { id: 'clean', label: 'clean.ipynb', detail: 'kind:notebook is:failed' }
    ]);
    canvas.ui.picker!.done(found[0]);
    await Promise.resolve();
    expect(canvas.store.selected).toEqual(['clean']);
  });
});

describe('all of a workflow', () => {
  it('K2: leaves less space around the cards before it cuts one, and shows all where that is asked for', () => {
    const six = { x: 0, y: 0, width: 1120, height: 90 };
    expect(six.width * viewFor(six, [[0, 0]], 875, 700).zoom).toBeLessThanOrEqual(
      875 - 2 * 16 + 0.01
    );
    const close = { ...six, width: 1198 };
    expect(close.width * viewFor(close, [[0, 0]], 875, 700).zoom).toBeCloseTo(875 - 2 * 16);
    const nine = { ...six, width: 2320 };
    expect(viewFor(nine, [[0, 0]], 875, 700).zoom).toBe(0.75);
    const { x, zoom } = viewFor(nine, [[0, 0]], 875, 700, 0.05);
    expect(x).toBeCloseTo(16);
    expect(nine.width * zoom).toBeCloseTo(875 - 2 * 16);
  });

  it('K2: cuts no card at the top where it shows the start, and shows the title of the first', () => {
    const all = { x: 0, y: -20, width: 1100, height: 1180 };
    const top = (first: number) => {
      const cards: [number, number][] = [
        [0, first],
        ...ROWS.map((y): [number, number] => [300, y])
      ];
      const { y, zoom } = viewFor(all, cards, 950, 310);
      expect(zoom).toBe(0.75);
      return (16 - y) / zoom;
    };
    const ROWS = [-20, 240, 500, 760, 1020];
    expect(top(240)).toBe(-20);
    expect(top(500)).toBe(240);
    expect(top(1020)).toBe(760);
  });

  it('K2: has no text below 11 px on the screen, down to the zoom of the first fit', () => {
    const second: Record<string, number> = {
      '': 11,
      'nby-mod-mid': 13,
      'nby-mod-small': 11 / 0.75,
      'nby-mod-small nby-mod-smaller': 11 / 0.65
    };
    for (const zoom of [1, 0.99, 0.85, 0.84, 0.75, 0.74, 0.65]) {
      expect(second[textSize(zoom).trim()] * zoom).toBeGreaterThanOrEqual(11);
    }
  });

  it('K2: stays in view when the picture has another size, where all of it was asked for', () => {
    const { canvas } = one;
    canvas.doc.move([['train', [3000, 0]]]);
    const { moves, end } = picture(one, 500);
    fit(canvas);
    expect(moves.pop()!.zoom).toBe(0.75);
    fit(canvas, { isWhole: true });
    refit(canvas, { width: 900, height: 600 });
    expect(moves).toHaveLength(2);
    for (const { zoom } of moves) {
      expect(3230 * zoom).toBeLessThanOrEqual(500);
    }
    end();
  });
});

describe('what is said', () => {
  it('goes away by itself, and of a run no later than the run ends', () => {
    const { canvas, runs } = one;
    canvas.say('Tidied.');
    jest.advanceTimersByTime(6_000);
    expect(canvas.ui.notice).toBeUndefined();
    canvas.say('The run has started.', false, 'run-1');
    const states = Object.assign(runs, { run: { id: 'run-1', state: 'running' } });
    runs.changed.emit(undefined);
    expect(canvas.ui.notice).toBeDefined();
    states.run.state = 'succeeded';
    runs.changed.emit(undefined);
    expect(canvas.ui.notice).toBeUndefined();
  });
});
