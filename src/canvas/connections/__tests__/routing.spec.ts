import { freeHeight, IBounds, isCovered, MARGIN, pathAround, ROOM } from '../routing';

const card = (left: number, top: number, width = 200, height = 100): IBounds => ({
  left,
  top,
  right: left + width,
  bottom: top + height
});

describe('K2: a connection that leads back', () => {
  it('passes between two cards, whichever is above', () => {
    for (const ends of [
      [50, 210],
      [210, 50]
    ]) {
      expect(freeHeight(ends[0], ends[1], [card(0, 0), card(0, 160)])).toBe(130);
    }
  });

  it('passes above or below both if they stand side by side', () => {
    expect(freeHeight(80, 110, [card(0, 0), card(300, 40, 200, 140)])).toBe(180 + MARGIN + ROOM);
    expect(freeHeight(10, 30, [card(0, 0), card(300, 0, 200, 300)])).toBe(-MARGIN - ROOM);
  });
});

describe('K2: a connection past other cards', () => {
  it('is a curve if nothing covers it', () => {
    expect(isCovered([200, 50], [600, 50], [card(300, 80)])).toBe(false);
    expect(isCovered([200, 50], [600, 300], [card(300, 300)])).toBe(false);
  });

  it('goes around a card in its way', () => {
    const cards = [card(300, 0), card(300, 140)];
    expect(isCovered([200, 50], [600, 50], cards)).toBe(true);
    const path = pathAround([200, 50], [600, 50], cards);
    expect(path).toBe('M200,50C230,50 230,120 260,120H540C570,120 570,50 600,50');
  });

  it('takes the gap between two cards, and is level along both', () => {
    const path = pathAround([200, 70], [800, 200], [card(240, 0), card(540, 140)]);
    expect(path).toBe('M200,70C214,70 214,120 228,120H752C776,120 776,200 800,200');
  });
});
