import { heightBetween } from '../Arrow';

describe('K2: a connection that leads back', () => {
  it('passes halfway between two cards, whichever is above', () => {
    expect(heightBetween([0, 100], [160, 260])).toBe(130);
    expect(heightBetween([160, 260], [0, 100])).toBe(130);
  });

  it('passes below both if they stand side by side', () => {
    expect(heightBetween([0, 100], [40, 180])).toBe(204);
    expect(heightBetween([0, 300], [40, 180])).toBe(324);
  });
});
