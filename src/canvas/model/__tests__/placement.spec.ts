import { edgeId } from '../../../document/flow';
import { CanvasController } from '../controller';
import { BESIDE, boxOf, freeNear, GAP, IBox, placeBeside, spaceOf } from '../placement';

const card = (x: number, y: number): IBox => ({ x, y, width: 200, height: 100 });
const VIEW = { x: 0, y: 0, width: 1000, height: 600 };

describe('a new card', () => {
  it('K2: stays where it is dropped, when that is free', () => {
    expect(freeNear(card(10, 20), [card(300, 20)], VIEW)).toEqual([10, 20]);
  });

  it('K2: never lies over another: it gives way to the nearest free place', () => {
    expect(freeNear(card(300, 20), [card(300, 20)], VIEW)).toEqual([300, 120 + GAP]);
    const column = [card(300, 20), card(300, 160), card(300, 300), card(300, 440)];
    expect(freeNear(card(300, 20), column, VIEW)).toEqual([500 + BESIDE, 20]);
  });

  it('K2: leaves space for the plus of an output before the input of the next card', () => {
    const plus = 40; // `.nby-Port-next`
    const places: IBox[] = [];
    for (let count = 0; count < 4; count++) {
      const [x, y] = freeNear(card(20, 0), places, { ...VIEW, height: 120 });
      const beside = places.filter(other => Math.abs(other.y - y) < 100);
      expect(beside.filter(other => Math.abs(other.x - x) - 200 <= plus)).toEqual([]);
      places.push(card(x, y));
    }
  });

  it('K2: covers no connection where another place is free', () => {
    const [one, other] = [card(0, 0), card(900, 0)];
    const line = [250, 400, 550, 700, 850].map((x): [number, number] => [x, 50]);
    expect(freeNear(card(280, 0), [one, other])).toEqual([280, 0]);
    const [x, y] = freeNear(card(280, 0), [one, other], undefined, line);
    expect([x, y]).toEqual([280, 100 + GAP]);
    const all = [0, 100, 200, 300, 400].flatMap(down => line.map(([across]) => [across, down]));
    const view = { x: 240, y: 0, width: 640, height: 400 };
    const places = all as [number, number][];
    expect(freeNear(card(280, 0), [one, other], view, places)).toEqual([280, 0]);
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

describe('the space of a card', () => {
  const canvas = (type: string, height: number) =>
    ({
      store: { place: () => [1, 2], node: () => ({ measured: { width: 240, height } }) },
      doc: { node: () => ({ type }) },
      views: { get: () => ({ checked: true }) }
    }) as unknown as CanvasController;

  it.each([
    ['executable', 100, 200],
    ['executable', 260, 260],
    ['dataset', 100, 100]
  ])('K2: %s of height %i: %i, for the result that comes', (type, height, space) => {
    const box = { x: 1, y: 2, width: 240 };
    expect(spaceOf(canvas(type, height), 'a')).toEqual({ ...box, height: space });
    expect(boxOf(canvas(type, height), 'a')).toEqual({ ...box, height });
  });
});

describe('a card dropped on another', () => {
  const places: Record<string, [number, number]> = { a: [0, 0], b: [900, 0], c: [0, 0] };
  const link = { source: 'a', output: 'x', target: 'b', input: 'y' };

  /** A canvas with a straight connection from `a` to `b`. */
  function canvas(id: string): CanvasController {
    const stage = document.createElement('div');
    stage.innerHTML = `<svg><g class="react-flow__edge" data-id="${id}">
      <path class="react-flow__edge-path"></path></g></svg>`;
    Object.assign(stage.querySelector('path')!, {
      getTotalLength: () => 660,
      getPointAtLength: (length: number) => ({ x: 235 + length, y: 70 })
    });
    const store = {
      nodes: Object.keys(places).map(node => ({ id: node })),
      place: (node: string) => places[node],
      node: () => undefined
    };
    const doc = {
      allEdges: () => [link, { ...link, source: 'c' }],
      node: () => ({ type: 'executable' })
    };
    return { stage, store, doc, views: new Map() } as unknown as CanvasController;
  }

  it('K2: lies beside it, but not over a connection of others', () => {
    const own = edgeId({ ...link, source: 'c' });
    const beside = 232 + BESIDE;
    expect(placeBeside(canvas(own), 'c', 'a', true)).toEqual([beside, 0]);
    expect(placeBeside(canvas(edgeId(link)), 'c', 'a', true)).toEqual([beside, 200 + GAP]);
  });
});
