import { act, fireEvent, render, screen } from '@testing-library/react';
import { NodeProps, ReactFlowProvider } from '@xyflow/react';
import { nullTranslator } from '@jupyterlab/translation';
import { Profiler } from 'react';
import { kindIcon } from '../../../icons/items';
import { CanvasController } from '../../model/controller';
import { CardNode } from '../../model/flowStore';
import { CanvasContext } from '../../model/hooks';
import { bench, READINGS } from '../../model/__tests__/fakes';
import { INodeRun } from '../../model/tokens';
import { NodeSettings } from '../../inspector/NodeSettings';
import { cardLabel, kindWord } from '../../model/texts';
import { NodeCard, Since } from '../NodeCard';

const KINDS = ['dataset', 'notebook', 'command', 'function', 'model', 'container', 'executable'];

it('has one icon and one word for each kind', () => {
  const trans = nullTranslator.load('nbyard');
  expect(new Set(KINDS.map(kind => kindIcon(kind).name)).size).toBe(KINDS.length);
  const translated = { __: (text: string) => `«${text}»` } as typeof trans;
  expect(KINDS.map(kind => kindWord(kind, translated))).toEqual(KINDS.map(kind => `«${kind}»`));
});

function Card({ canvas, id = 'train' }: { canvas: CanvasController; id?: string }) {
  return (
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        <NodeCard {...({ id, data: { fields: {} } } as NodeProps<CardNode>)} />
      </ReactFlowProvider>
    </CanvasContext.Provider>
  );
}

it('says nothing about a node without ports and results', async () => {
  const { arguments: before } = READINGS['train.ipynb'];
  Object.assign(READINGS['train.ipynb'], { arguments: [], hints: ['No parameters cell.'] });
  jest.useFakeTimers();
  const { canvas } = await bench();
  const { container } = render(<Card canvas={canvas} />);
  await act(() => jest.advanceTimersByTimeAsync(1000));
  const { title } = canvas.views.get('train')!;
  expect(container.querySelector('.nby-Node-head')!.textContent).toBe(title);
  expect(container.querySelector('.nby-Node-reading')).toBeNull();
  Object.assign(READINGS['train.ipynb'], { arguments: before, hints: [] });
  canvas.dispose();
  jest.useRealTimers();
});

it('K3: draws a file that could be a port with a handle, from which a connection can start', async () => {
  const train = READINGS['train.ipynb'];
  train.undeclared = { code: 'x', files: [{ path: 'a/in.csv', role: 'input', name: 'in_2' }] };
  jest.useFakeTimers();
  const { canvas } = await bench();
  const { container } = render(<Card canvas={canvas} />);
  const port = container.querySelector('.nby-mod-suggested')!;
  expect(port.textContent).toBe('in.csv');
  expect(port.querySelector('.react-flow__handle.target')).toHaveProperty(
    'dataset.handleid',
    'in_2'
  );
  delete train.undeclared;
  canvas.dispose();
  jest.useRealTimers();
});

it('K10: shows the condition of a node, and offers one in its settings', async () => {
  jest.useFakeTimers();
  const { canvas, settle } = await bench();
  canvas.doc.setField('train', 'when', 'clean.rows > 0');
  await act(settle);
  const { container } = render(<Card canvas={canvas} />);
  expect(container.querySelector('.nby-mod-when')!.textContent).toContain('clean.rows > 0');
  expect(cardLabel(canvas.views.get('train')!, canvas.trans)).toContain('clean.rows > 0');
  render(
    <CanvasContext.Provider value={canvas}>
      <NodeSettings id="train" fields={canvas.doc.node('train')!} readOnly={false} />
    </CanvasContext.Provider>
  );
  const field = screen.getByLabelText<HTMLInputElement>('Run If');
  expect(field.value).toBe('clean.rows > 0');
  fireEvent.change(field, { target: { value: 'changed(clean)' } });
  fireEvent.blur(field);
  await act(settle);
  expect(canvas.doc.node('train')!.when).toBe('changed(clean)');
  canvas.dispose();
  jest.useRealTimers();
});

it('shows each state with an icon, and with the duration or a word, beside the title', async () => {
  const { canvas, runs } = await bench();
  const { container } = render(<Card canvas={canvas} />);
  const shown = (state: INodeRun) => {
    runs.states.set('train', state);
    act(() => runs.changed.emit(new Set(['train'])));
    const mark = container.querySelector<HTMLElement>('.nby-Node-title ~ .nby-Node-run')!;
    expect(mark.querySelector('svg')).not.toBeNull();
    const words = [...mark.querySelectorAll(':scope > span:not(.nby-Icon, .nby-Sr)')];
    return [mark.title, ...words.map(({ textContent }) => textContent)];
  };
  expect(shown({ state: 'succeeded', seconds: 2.25 })).toEqual(['succeeded · 2.3 s', '2.3 s']);
  expect(shown({ state: 'running' })).toEqual(['running', 'running']);
  expect(shown({ state: 'succeeded', cached: true })).toEqual(['cached', 'cached']);
  const from = { id: 'r3', name: '3' };
  expect(shown({ state: 'succeeded', cached: true, from })[0]).toBe('cached · run 3');
  canvas.dispose();
});

it('leaves the reason of a failure to Run Info', async () => {
  const { canvas, runs } = await bench();
  const { container } = render(<Card canvas={canvas} />);
  runs.states.set('train', { state: 'failed', reason: 'boom', lastLine: 'line' });
  act(() => runs.changed.emit(new Set(['train'])));
  expect(container.querySelector('.nby-Node-reason')).toBeNull();
  expect(container.querySelector<HTMLElement>('.nby-Node-run')!.title).toContain('boom');
  canvas.dispose();
});

it('shows a stale result beside the duration', async () => {
  const { canvas, runs } = await bench();
  runs.states.set('train', { state: 'succeeded', seconds: 3 });
  const { container } = render(<Card canvas={canvas} />);
  const reasons = new Map([['train', 'seed changed']]);
  const rest = { cached: 0, toRun: 1, isMaximum: false, took: '', waits: '' };
  act(() => (canvas.views.forecast = { ...rest, reasons }));
  expect(container.querySelector('.nby-Node-marks')!.textContent).toBe('stale');
  expect(container.querySelector('.nby-Node-run')!.textContent).toContain('3.0 s');
  canvas.dispose();
});

it('draws one card for the change of one state', async () => {
  const { canvas, runs } = await bench();
  const drawn: string[] = [];
  render(
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        {['clean', 'train'].map(id => (
          <Profiler key={id} id={id} onRender={() => void drawn.push(id)}>
            <NodeCard {...({ id, data: { fields: {} } } as NodeProps<CardNode>)} />
          </Profiler>
        ))}
      </ReactFlowProvider>
    </CanvasContext.Provider>
  );
  drawn.length = 0;
  runs.states.set('train', { state: 'queued' });
  act(() => runs.changed.emit(new Set(['train'])));
  expect(drawn).toEqual(['train']);
  canvas.dispose();
});

it('lets the duration of a running node tick, and rests while the server is away', async () => {
  const { canvas, runs } = await bench();
  jest.useFakeTimers({ now: 100_000 });
  const drawn = jest.fn();
  const { container } = render(
    <CanvasContext.Provider value={canvas}>
      <Profiler id="card" onRender={drawn}>
        <Since since={97_000} />
      </Profiler>
    </CanvasContext.Provider>
  );
  expect(container.textContent).toBe('3 s');
  const before = drawn.mock.calls.length;
  act(() => void jest.advanceTimersByTime(2_000));
  expect(container.textContent).toBe('5 s');
  expect(drawn.mock.calls.length - before).toBeLessThanOrEqual(2);
  Object.assign(runs, { lost: { since: 99_000 } });
  act(() => runs.changed.emit(new Set()));
  act(() => void jest.advanceTimersByTime(70_000));
  expect(container.textContent).toBe('2 s');
  jest.useRealTimers();
  canvas.dispose();
});

describe('K10: the card of a map', () => {
  const counts = { succeeded: 5, failed: 2, skipped: 0, running: 1, waiting: 0 };
  const tiles = ['succeeded', 'failed', 'running', 'succeeded'] as const;

  async function show(run?: INodeRun) {
    const { canvas, runs } = await bench();
    canvas.doc.setField('train', 'map', { each: { kind: 'list', over: 'extra' } });
    if (run) {
      runs.states.set('train', run);
    }
    const { container } = render(<Card canvas={canvas} />);
    const mark = () => container.querySelector('.nby-Mark.nby-mod-map')?.textContent;
    return { canvas, runs, container, mark };
  }

  it('is marked with the number of elements, as far as it is known', async () => {
    const { canvas, container, mark } = await show();
    expect(mark()).toBe('map');
    expect(container.querySelector('.nby-Node.nby-mod-map')).not.toBeNull();
    const values = { a: [1, 2, 3, 4], b: [1, 2] };
    act(() => canvas.doc.setField('train', 'map', { each: { kind: 'grid', values } }));
    expect(mark()).toBe('×8');
    expect(canvas.views.get('train')!.map).toEqual({ size: 8 });
    act(() => canvas.doc.setField('train', 'map', undefined));
    expect(mark()).toBeUndefined();
    canvas.dispose();
  });

  it('has a tile for each element, and the number of failures', async () => {
    const { canvas, container, mark } = await show({
      state: 'running',
      elements: { total: 8, counts, tiles }
    });
    const label = '8 elements, 5 succeeded, 2 failed, 1 running';
    const bar = container.querySelector(`.nby-StateBar[aria-label="${label}"]`)!;
    expect([...bar.children].map(({ className }) => className)).toEqual(
      tiles.map(state => `nby-mod-${state}`)
    );
    expect(container.querySelector('.nby-Node-elements')!.textContent).toBe('2 failed');
    expect(mark()).toBe('×8');
    canvas.dispose();
  });

  it('has a bar for many elements', async () => {
    const many = { ...counts, succeeded: 9_000, failed: 0 };
    const { canvas, container } = await show({
      state: 'running',
      elements: { total: 9_001, counts: many }
    });
    const parts = [...container.querySelectorAll<HTMLElement>('.nby-StateBar > i')];
    expect(parts.map(({ style }) => style.flexGrow)).toEqual(['9000', '1']);
    expect(container.querySelector('.nby-Node-elements')!.textContent).toBe('');
    canvas.dispose();
  });

  it('is that of a node which follows the elements of another one, too', async () => {
    const train = READINGS['train.ipynb'];
    const { arguments: known } = train;
    train.arguments = [...known!, { name: '@all', role: 'output', format: 'jsonl' }];
    jest.useFakeTimers();
    const { canvas } = await bench();
    const { container } = render(<Card canvas={canvas} />);
    expect(canvas.views.get('train')!.map).toEqual({});
    const outputs = [...container.querySelectorAll('.nby-mod-output > .nby-Port-name')];
    expect(outputs.map(({ textContent }) => textContent)).toEqual(['model', 'all results']);
    train.arguments = known;
    canvas.dispose();
    jest.useRealTimers();
  });
});
