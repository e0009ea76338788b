import { drawsAll } from '../navigation';

it('keeps cards out of sight while a workflow of moderate size is seen from afar', () => {
  expect(drawsAll(0.15, 500)).toBe(true);
  expect(drawsAll(0.75, 500)).toBe(false);
  expect(drawsAll(0.15, 10_000)).toBe(false);
});
