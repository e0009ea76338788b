import { act, render, screen } from '@testing-library/react';
import { ReactFlowProvider } from '@xyflow/react';
import { CanvasContext } from '../../model/hooks';
import { Block, Overview } from '../Overview';
import { bench } from '../../model/__tests__/fakes';

jest.useFakeTimers();

it('K5: a node in the minimap has the state of its step, as it changes', async () => {
  const { canvas, runs } = await bench();
  const place = { x: 1, y: 2, width: 230, height: 90, borderRadius: 5, className: '' };
  const block = { ...place, shapeRendering: 'crispEdges', selected: true };
  const { container } = render(
    <CanvasContext.Provider value={canvas}>
      <svg>
        <Block id="clean" {...block} />
        <Block id="train" {...block} selected={false} />
      </svg>
    </CanvasContext.Provider>
  );
  const classes = () => [...container.querySelectorAll('rect')].map(one => [...one.classList]);
  const plain = ['react-flow__minimap-node', 'nby-Overview-node'];
  expect(classes()).toEqual([[...plain, 'selected'], plain]);
  for (const state of ['running', 'failed'] as const) {
    runs.states.set('train', { state });
    act(() => runs.changed.emit(new Set(['train'])));
    expect(classes()).toEqual([
      [...plain, 'selected'],
      [...plain, `nby-mod-${state}`]
    ]);
  }
  canvas.dispose();
});

it('K5: the button of the minimap has its one name, where there is a minimap', async () => {
  const { canvas } = await bench();
  canvas.set({ minimap: false });
  const show = () =>
    render(
      <CanvasContext.Provider value={canvas}>
        <ReactFlowProvider>
          <Overview />
        </ReactFlowProvider>
      </CanvasContext.Provider>
    );
  expect(show().container.textContent).toBe('');
  for (const n of [1, 2, 3, 4, 5]) {
    canvas.doc.addNode(`n${n}`, { type: 'executable' }, [0, 200 * n]);
  }
  show();
  expect(screen.getByRole('button', { name: /Minimap/, expanded: false })).toBeTruthy();
  canvas.dispose();
});
