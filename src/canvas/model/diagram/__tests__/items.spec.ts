import { withRoom } from '../items';

interface ICard {
  type: string;
  position: { x: number; y: number };
  data: { room?: number };
}

const card = (x: number, y: number, type = 'card'): ICard => ({
  type,
  position: { x, y },
  data: {}
});

/** The distance to the next card below, by comparing each card with all others. */
function compared(cards: readonly ICard[]): (number | undefined)[] {
  return cards.map(({ position: { x, y } }) => {
    const below = cards.filter(({ position: at }) => at.y > y && Math.abs(at.x - x) < 232);
    return below.length ? Math.min(...below.map(({ position }) => position.y - y)) : undefined;
  });
}

describe('withRoom', () => {
  it('ends the room of a card at the next card below it', () => {
    let seed = 1;
    const chance = (most: number) => (seed = (seed * 48271) % 2147483647) % most;
    for (let round = 0; round < 200; round++) {
      const place = () => card(chance(900) - 450, 20 * (chance(30) - 15));
      const cards = Array.from({ length: 1 + chance(30) }, place);
      expect(withRoom(cards).map(({ data }) => data.room)).toEqual(compared(cards));
    }
  });

  it('leaves out comments and keeps unchanged nodes', () => {
    const nodes = [card(0, 0), card(0, 50, 'comment'), card(100, 90)];
    const first = withRoom(nodes);
    expect(first.map(({ data }) => data.room)).toEqual([90, undefined, undefined]);
    const second = withRoom(first);
    expect(second.every((node, at) => node === first[at])).toBe(true);
  });

  it.each([1, 100, 10_000])('compares each of 10,000 cards in %i columns with few', wide => {
    let reads = 0;
    const cards = Array.from({ length: 10_000 }, (_, at) => ({
      type: 'card',
      data: {},
      get position() {
        reads++;
        return { x: 300 * (at % wide), y: 160 * Math.floor(at / wide) };
      }
    }));
    withRoom(cards);
    // sorting takes about 2 × 14 for each card
    expect(reads).toBeLessThan(40 * cards.length);
  });
});
