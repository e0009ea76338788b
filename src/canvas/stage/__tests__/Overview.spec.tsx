import { act, render } from '@testing-library/react';
import { CanvasContext } from '../../model/hooks';
import { Block } from '../Overview';
import { bench } from '../../model/__tests__/fakes';

jest.useFakeTimers();

it('K5: a node in the overview has the state of its step, as it changes', async () => {
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
