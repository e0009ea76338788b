import { act, fireEvent, render, renderHook, screen, within } from '@testing-library/react';
import { ReactFlowProvider, useStoreApi } from '@xyflow/react';
import { CanvasContext } from '../../model/hooks';
import { bench, nodesOf } from '../../model/__tests__/fakes';
import type { CanvasController } from '../../model/controller';
import { quickAdd } from '../../commands/prompts';
import { ConnectionPeek, usePeek } from '../../connections/ConnectionPeek';
import { EmptyStage } from '../EmptyStage';
import { useClipboardAndDrops, useDrawing, useMoving, useSelecting } from '../mouseAndClipboard';

jest.useFakeTimers();

function Stage({ canvas }: { canvas: CanvasController }): JSX.Element {
  const { onPointerDown, onContextMenu } = useSelecting(canvas);
  return (
    <div
      data-testid="stage"
      onPointerDownCapture={onPointerDown}
      onContextMenuCapture={onContextMenu}
    >
      <div className="react-flow__pane" data-testid="pane">
        <div className="react-flow__node">
          <button type="button">port</button>
          <input aria-label="text" />
        </div>
        <div className="react-flow__edge" data-testid="edge" />
      </div>
    </div>
  );
}

async function draw(): Promise<void> {
  const { canvas } = await bench();
  render(
    <>
      <p>selected</p>
      <Stage canvas={canvas} />
    </>
  );
}

describe('the pointer on the diagram', () => {
  it('draws from a port also while text elsewhere is selected, which would be dragged', async () => {
    await draw();
    const select = () => document.getSelection()!.selectAllChildren(screen.getByText('selected'));
    select();
    fireEvent.pointerDown(screen.getByRole('textbox'));
    expect(document.getSelection()!.toString()).toBe('selected');
    fireEvent.pointerDown(screen.getByRole('button'));
    expect(document.getSelection()!.rangeCount).toBe(0);
  });

  it('opens the menu of the pane beside cards and connections only', async () => {
    await draw();
    const menu = () => screen.getByTestId('stage').dataset.menu;
    fireEvent.contextMenu(screen.getByRole('button'));
    expect(menu()).toBe('item');
    fireEvent.contextMenu(screen.getByTestId('pane'));
    expect(menu()).toBe('pane');
    fireEvent.contextMenu(screen.getByTestId('edge'));
    expect(menu()).toBe('item');
  });
});

describe('a click on a node', () => {
  it('opens the inspector, until the user has closed it; the next window remembers that', async () => {
    sessionStorage.clear();
    const click = ({ canvas }: { canvas: CanvasController }) => {
      const { result } = renderHook(() => useSelecting(canvas));
      act(() => result.current.onNodeClick({} as never, { id: 'clean' } as never));
      return canvas.ui.inspector;
    };
    const one = await bench();
    expect(click(one)).toBe(true);
    one.canvas.showInspector(false);
    expect(click(one)).toBe(false);
    expect(click(await bench())).toBe(false);
    expect(click(await bench('work/other.nbflow'))).toBe(true);
    sessionStorage.clear();
  });
});

describe('K2: a node is added where the pointer is', () => {
  function Pane({ canvas, readOnly = false }: { canvas: CanvasController; readOnly?: boolean }) {
    const { onDoubleClick, onCopy, onPaste } = useClipboardAndDrops(canvas, readOnly);
    return (
      <div onDoubleClick={onDoubleClick} onCopy={onCopy} onPaste={onPaste}>
        <div className="react-flow__pane" data-testid="pane">
          <div className="react-flow__node" data-testid="card" />
        </div>
      </div>
    );
  }

  it('with a double click on the pane, and on the pane only (A13)', async () => {
    const { canvas, executed } = await bench();
    const { rerender } = render(<Pane canvas={canvas} />);
    fireEvent.doubleClick(screen.getByTestId('card'));
    expect(executed).toEqual([]);
    fireEvent.doubleClick(screen.getByTestId('pane'), { clientX: 320, clientY: 180 });
    expect(executed).toEqual([['nbyard:add-node', { x: 320, y: 180 }]]);
    rerender(<Pane canvas={canvas} readOnly />);
    fireEvent.doubleClick(screen.getByTestId('pane'));
    expect(executed).toHaveLength(1);
  });

  it('and not in the middle of the view (A13)', async () => {
    const { canvas } = await bench();
    canvas.flow = {
      screenToFlowPosition: ({ x, y }: { x: number; y: number }) => ({ x: x + 1000, y: y + 500 })
    } as never;
    const adding = quickAdd(canvas, { x: 320, y: 180 });
    await act(() => jest.advanceTimersByTimeAsync(50));
    const { items, at, done } = canvas.ui.picker!;
    expect(at).toEqual({ x: 320, y: 180 });
    done(items.find(({ label }) => label.endsWith('plot.py')));
    await adding;
    expect(canvas.doc.toJSON().positions.plot).toEqual([1320, 680]);
  });

  it('or where a connection is dropped on empty space', async () => {
    const { canvas, executed } = await bench();
    let drop!: ReturnType<typeof useDrawing>['onConnectEnd'];
    function Drawing() {
      drop = useDrawing(canvas).onConnectEnd;
      return <div className="react-flow__pane" data-testid="pane" />;
    }
    render(<Drawing />);
    document.elementFromPoint = () => screen.getByTestId('pane');
    const end = { clientX: 40, clientY: 60 } as MouseEvent;
    const from = { fromNode: { id: 'clean' }, fromHandle: { id: 'tidy', type: 'source' } };
    drop(end, { ...from, toHandle: null } as never);
    const place = { x: 40, y: 60, node: 'clean', port: 'tidy' };
    expect(executed).toEqual([['nbyard:add-node', place]]);
    document.elementFromPoint = () => document.body; // outside of the diagram
    drop(end, { ...from, toHandle: null } as never);
    expect(executed).toHaveLength(1);
  });

  it('K9: copies nodes with their connections into the workflow of another window', async () => {
    const [one, other] = [await bench(), await bench('work/other.nbflow')];
    const { doc, store } = one.canvas;
    doc.connect({ source: 'sales', output: 'data', target: 'clean', input: 'raw' });
    store.select(['sales', 'clean']);
    other.canvas.doc.remove(['sales', 'clean', 'train'], []);
    let copied = '';
    const clipboardData = {
      setData: (_: string, text: string) => (copied = text),
      getData: () => copied
    };
    const fire = (name: string, { container }: { container: Element }) => {
      const event = new Event(name, { bubbles: true });
      fireEvent(
        within(container as HTMLElement).getByTestId('pane'),
        Object.assign(event, { clipboardData })
      );
    };
    fire('copy', render(<Pane canvas={one.canvas} />));
    fire('paste', render(<Pane canvas={other.canvas} />));
    expect(Object.keys(nodesOf(other.canvas)).sort()).toEqual(['clean', 'sales']);
    expect(other.canvas.doc.allEdges()).toEqual(doc.allEdges());
  });
});

describe('K2: an empty canvas', () => {
  it('offers three ways to start, and the third only while a notebook is open', async () => {
    const { canvas, executed } = await bench();
    const show = () =>
      render(
        <CanvasContext.Provider value={canvas}>
          <EmptyStage />
        </CanvasContext.Provider>
      );
    const { unmount } = show();
    expect(screen.getAllByRole('button')).toHaveLength(4);
    unmount();
    canvas.services.openNotebook = () => 'work/score.ipynb';
    show();
    for (const name of [
      ...['Add a Node… (A)', 'Open the Penguins Example'],
      ...['Choose a Template…', 'Add the Notebook']
    ]) {
      fireEvent.click(screen.getByRole('button', { name }));
    }
    expect(executed).toEqual([
      ['nbyard:add-node', undefined],
      ['nbyard:create-example', undefined],
      ['nbyard:open-gallery', undefined],
      ['nbyard:add-node', { path: 'work/score.ipynb' }]
    ]);
  });
});

const BEFORE = ['sales.csv', 'clean.ipynb', 'train.ipynb'];

describe('K2: the code of the folder', () => {
  const click = async (path: string) => {
    const { canvas } = await bench(path);
    render(
      <CanvasContext.Provider value={canvas}>
        <EmptyStage />
      </CanvasContext.Provider>
    );
    await act(async () =>
      fireEvent.click(screen.getByRole('button', { name: 'Add the Code of This Folder' }))
    );
    return canvas;
  };

  it('becomes nodes with one click', async () => {
    const canvas = await click('work/flow.nbflow');
    expect(Object.values(nodesOf(canvas)).map(({ path }) => path)).toEqual([
      ...BEFORE,
      'a.ipynb',
      'b.py'
    ]);
  });

  it('is missed aloud', async () => {
    const canvas = await click('empty/flow.nbflow');
    expect(Object.keys(nodesOf(canvas))).toHaveLength(BEFORE.length);
    expect(canvas.ui.notice?.text).toContain('no notebook');
  });
});

describe('K9: a connection below the pointer', () => {
  it('shows the first rows of its data after a rest, until the pointer leaves', async () => {
    const { canvas, runs } = await bench();
    const head = { columns: ['species'], rows: [['Adelie']], size: '342 × 8' };
    const asked: string[][] = [];
    Object.assign(runs, {
      previewOf: async (...of: string[]) => (asked.push(of), of[0] === 'clean' ? head : undefined)
    });
    canvas.stage = document.createElement('div');
    let peeking!: ReturnType<typeof usePeek>;
    let edges = [{ id: 'clean' }, { id: 'sales' }];
    canvas.store.getEdges = () => edges as never;
    function Peeking() {
      peeking = usePeek(canvas);
      return (
        <CanvasContext.Provider value={canvas}>
          <ConnectionPeek peek={peeking.peek} />
        </CanvasContext.Provider>
      );
    }
    render(<Peeking />);
    const enter = async (source: string, rest: number) => {
      peeking.onEdgeMouseEnter({ clientX: 10, clientY: 20 } as never, {
        id: source,
        source,
        sourceHandle: 'tidy',
        target: 'train'
      });
      await act(() => jest.advanceTimersByTimeAsync(rest));
    };
    const leave = () => act(() => peeking.onEdgeMouseLeave());
    await enter('clean', 200);
    leave();
    await act(() => jest.advanceTimersByTimeAsync(300));
    expect(asked).toEqual([]); // the pointer only passed
    await enter('clean', 300);
    const tip = screen.getByRole('tooltip');
    expect(tip.textContent).toContain('clean.ipynb.tidy · 342 × 8');
    expect(within(tip).getAllByRole('cell')[0].textContent).toBe('Adelie');
    expect([tip.style.left, tip.style.top]).toEqual(['22px', '32px']);
    edges = [edges[1]];
    act(() => canvas.store.focus('clean'));
    expect(screen.queryByRole('tooltip')).toBeNull(); // it was deleted below the pointer
    await enter('sales', 300);
    expect(screen.queryByRole('tooltip')).toBeNull();
    expect(asked.map(([node]) => node)).toEqual(['clean', 'sales']);
    canvas.stage = undefined;
  });
});

describe('a movement', () => {
  it('lets states wait while the view or a card is moved', async () => {
    document.elementsFromPoint = () => []; // jsdom has none
    const { canvas, runs } = await bench();
    const shown = () => canvas.views.get('train')!.run?.state;
    const change = (state: 'queued' | 'running') => {
      runs.states.set('train', { state });
      runs.changed.emit(new Set(['train']));
    };
    const used = () => ({ moving: useMoving(canvas), flow: useStoreApi() });
    const { result } = renderHook(used, { wrapper: ReactFlowProvider });
    change('queued');
    expect(shown()).toBe('queued');

    act(() => result.current.flow.setState({ paneDragging: true }));
    change('running');
    expect(shown()).toBe('queued');
    act(() => result.current.flow.setState({ paneDragging: false }));
    expect(shown()).toBe('running');

    act(() => result.current.moving.onNodeDragStart());
    change('queued');
    expect(shown()).toBe('running');
    const train = canvas.store.node('train')!;
    act(() => result.current.moving.onNodeDragStop(new MouseEvent('mouseup'), train));
    expect(shown()).toBe('queued');
    canvas.dispose();
  });

  it('keeps the handlers, or React Flow would draw all cards in each frame', async () => {
    const { canvas } = await bench();
    const used = () => ({ ...useSelecting(canvas), ...useMoving(canvas) });
    const { result, rerender } = renderHook(used, { wrapper: ReactFlowProvider });
    const before = result.current;
    rerender();
    expect(result.current).toEqual(before);
    canvas.dispose();
  });
});
