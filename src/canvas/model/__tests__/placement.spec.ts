import { freeNear, GAP, IBox } from '../placement';

const card = (x: number, y: number): IBox => ({ x, y, width: 200, height: 100 });
const VIEW = { x: 0, y: 0, width: 1000, height: 600 };

describe('a new card', () => {
  it('K2: stays where it is dropped, when that is free', () => {
    expect(freeNear(card(10, 20), [card(300, 20)], VIEW)).toEqual([10, 20]);
  });

  it('K2: never lies over another: it gives way to the nearest free place', () => {
    expect(freeNear(card(300, 20), [card(300, 20)], VIEW)).toEqual([300, 120 + GAP]);
    const column = [card(300, 20), card(300, 160), card(300, 300), card(300, 440)];
    expect(freeNear(card(300, 20), column, VIEW)).toEqual([500 + GAP, 20]);
  });

  it('K2: is moved into view', () => {
    expect(freeNear(card(950, 580), [], VIEW)).toEqual([800, 500]);
    expect(freeNear(card(950, 580), [card(800, 500)], VIEW)).toEqual([800, 360]);
  });

  it('K2: goes out of view only when there is no room, and then over none either', () => {
    expect(freeNear(card(0, 0), [card(0, 0)], { x: 0, y: 0, width: 220, height: 110 })).toEqual([
      0,
      100 + GAP
    ]);
  });
});
