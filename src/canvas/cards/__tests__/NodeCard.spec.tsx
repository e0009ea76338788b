import { act, render } from '@testing-library/react';
import { NodeProps, ReactFlowProvider } from '@xyflow/react';
import { nullTranslator } from '@jupyterlab/translation';
import { Profiler } from 'react';
import { kindIcon } from '../../../icons/items';
import { CardNode } from '../../model/flowStore';
import { CanvasContext } from '../../model/hooks';
import { bench, READINGS } from '../../model/__tests__/fakes';
import { INodeRun } from '../../model/tokens';
import { kindWord } from '../../model/texts';
import { NodeCard, Since } from '../NodeCard';

const KINDS = ['dataset', 'notebook', 'command', 'function', 'model', 'container', 'executable'];

it('has one icon and one word for each kind', () => {
  const trans = nullTranslator.load('nbyard');
  expect(new Set(KINDS.map(kind => kindIcon(kind).name)).size).toBe(KINDS.length);
  const translated = { __: (text: string) => `«${text}»` } as typeof trans;
  expect(KINDS.map(kind => kindWord(kind, translated))).toEqual(KINDS.map(kind => `«${kind}»`));
});

it('shows the word of the kind below the title', async () => {
  const { canvas } = await bench();
  const { container } = render(
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        <NodeCard {...({ id: 'train', data: { fields: {} } } as NodeProps<CardNode>)} />
      </ReactFlowProvider>
    </CanvasContext.Provider>
  );
  const { kind, title } = canvas.views.get('train')!;
  const name = container.querySelector('.nby-Node-name')!;
  expect([...name.children].map(({ textContent }) => textContent)).toEqual([title, kind]);
  canvas.dispose();
});

it('E6: states that a notebook has no parameters cell', async () => {
  jest.useFakeTimers();
  const { arguments: before } = READINGS['train.ipynb'];
  const hints = ['No parameters cell was found.'];
  Object.assign(READINGS['train.ipynb'], { arguments: [], tag_cell: 0, hints });
  const { canvas } = await bench();
  const { container } = render(
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        <NodeCard {...({ id: 'train', data: { fields: {} } } as NodeProps<CardNode>)} />
      </ReactFlowProvider>
    </CanvasContext.Provider>
  );
  const line = container.querySelector<HTMLElement>('.nby-Node-reading')!;
  expect(line.textContent).toBe('no parameters cell: see inspector');
  expect(line.title).toContain(hints[0]);
  Object.assign(READINGS['train.ipynb'], { arguments: before, tag_cell: null, hints: [] });
  canvas.dispose();
  jest.useRealTimers();
});

it('shows each state with an icon and a word, below the title', async () => {
  const { canvas, runs } = await bench();
  const { container } = render(
    <CanvasContext.Provider value={canvas}>
      <ReactFlowProvider>
        <NodeCard {...({ id: 'train', data: { fields: {} } } as NodeProps<CardNode>)} />
      </ReactFlowProvider>
    </CanvasContext.Provider>
  );
  const shown = (state: INodeRun) => {
    runs.states.set('train', state);
    act(() => runs.changed.emit(new Set(['train'])));
    const mark = container.querySelector<HTMLElement>('.nby-Node-second > .nby-Node-run')!;
    expect(mark.querySelector('svg')).not.toBeNull();
    const words = [...mark.querySelectorAll(':scope > span:not(.nby-Icon, .nby-Sr)')];
    return [mark.title, ...words.map(({ textContent }) => textContent)];
  };
  expect(shown({ state: 'succeeded', seconds: 2.25 })).toEqual([
    'succeeded · 2.3 s',
    'succeeded',
    '2.3 s'
  ]);
  expect(shown({ state: 'running' })).toEqual(['running', 'running']);
  expect(shown({ state: 'succeeded', cached: true })).toEqual(['cached', 'cached']);
  const from = { id: 'r3', name: '3' };
  expect(shown({ state: 'succeeded', cached: true, from })[0]).toBe('cached · run 3');
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
