import type { CanvasController } from '../../model/controller';
import { drawsAll, refit } from '../navigation';

it('keeps cards out of sight while a workflow of moderate size is seen from afar', () => {
  expect(drawsAll(0.15, 500)).toBe(true);
  expect(drawsAll(0.75, 500)).toBe(false);
  expect(drawsAll(0.15, 10_000)).toBe(false);
});

it('returns to the view before a panel opened only when its whole width is there again', () => {
  const from = { x: 0, y: 0, zoom: 1 };
  const to = { x: -200, y: 0, zoom: 1 };
  const stage = { clientWidth: 500, clientHeight: 500 };
  const setViewport = jest.fn();
  const flow = { getViewport: () => to, setViewport };
  const shifted = { from, to, width: 800, height: 500 };
  const canvas = { flow, stage, shifted, targets: [] } as unknown as CanvasController;
  refit(canvas, { width: 500, height: 476 }); // a message went away
  expect(setViewport).not.toHaveBeenCalled();
  stage.clientWidth = 800;
  refit(canvas, { width: 500, height: 500 });
  expect(setViewport).toHaveBeenCalledWith(from);
});
