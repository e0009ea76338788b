import { ISize, layered } from '../layout';
import { IEdge } from '../../../../document/flow';

const VIEW = { width: 1000, height: 600 };
const edge = (source: string, target: string): IEdge => ({
  source,
  output: 'o',
  target,
  input: 'i'
});

interface IBounds {
  width: number;
  height: number;
}

function boundsOf(nodes: readonly ISize[], places: Map<string, [number, number]>): IBounds {
  const right = nodes.map(({ id, width }) => places.get(id)![0] + width);
  const bottom = nodes.map(({ id, height }) => places.get(id)![1] + height);
  return { width: Math.max(...right), height: Math.max(...bottom) };
}

const zoomOf = ({ width, height }: IBounds) => Math.min(VIEW.width / width, VIEW.height / height);

function overlaps(nodes: readonly ISize[], places: Map<string, [number, number]>): string[] {
  return nodes.flatMap((one, at) =>
    nodes.slice(at + 1).flatMap(other => {
      const [ax, ay] = places.get(one.id)!;
      const [bx, by] = places.get(other.id)!;
      const apart =
        ax + one.width <= bx ||
        bx + other.width <= ax ||
        ay + one.height <= by ||
        by + other.height <= ay;
      return apart ? [] : [`${one.id} ${other.id}`];
    })
  );
}

/** A small generator of equal sequences (LCG), so that a failure can be repeated. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor((state / 4294967296) * below);
  };
}

function workflow(seed: number): { nodes: ISize[]; edges: IEdge[] } {
  const roll = dice(seed);
  const nodes = Array.from({ length: 1 + roll(60) }, (_, n) => ({
    id: `n${n}`,
    width: 232,
    height: 60 + roll(260)
  }));
  const edges = nodes.flatMap(({ id }, n) =>
    Array.from({ length: n ? roll(3) : 0 }, () => edge(`n${roll(n)}`, id))
  );
  return { nodes, edges };
}

describe('K9: columns', () => {
  it('are no more than the longest chain has nodes', () => {
    const edges = ['ad', 'bc', 'bf', 'ce', 'df'].map(([source, target]) => edge(source, target));
    const nodes = [...'abcdef'].map(id => ({ id, width: 200, height: 90 }));
    const lefts = layered(nodes, edges).map(([, [x]]) => x);
    expect(new Set(lefts).size).toBe(3);
  });
});

describe('K9: tidy', () => {
  it('puts sources left of targets and nothing over another', () => {
    const nodes = ['a', 'b', 'c'].map(id => ({ id, width: 200, height: 80 }));
    const places = new Map(layered(nodes, [edge('a', 'b'), edge('a', 'c')], VIEW));
    const [a, b, c] = ['a', 'b', 'c'].map(id => places.get(id)!);
    expect(b[0]).toBeGreaterThan(a[0] + 200);
    expect(Math.abs(b[1] - c[1])).toBeGreaterThanOrEqual(80);
  });

  it('continues a chain of 60 nodes in further rows that fit the window', () => {
    const nodes = Array.from({ length: 60 }, (_, n) => ({ id: `n${n}`, width: 232, height: 110 }));
    const chain = nodes.slice(1).map(({ id }, n) => edge(`n${n}`, id));
    const strip = boundsOf(nodes, new Map(layered(nodes, chain)));
    const bounds = boundsOf(nodes, new Map(layered(nodes, chain, VIEW)));
    expect(strip.width / strip.height).toBeGreaterThan(100);
    expect(bounds.width / bounds.height).toBeGreaterThan(1);
    expect(bounds.width / bounds.height).toBeLessThan(3);
    expect(zoomOf(bounds)).toBeGreaterThan(5 * zoomOf(strip));
  });

  it('continues a high column beside itself', () => {
    const nodes = Array.from({ length: 61 }, (_, n) => ({ id: `n${n}`, width: 232, height: 110 }));
    const fan = nodes.slice(1).map(({ id }) => edge('n0', id));
    const places = new Map(layered(nodes, fan, VIEW));
    expect(zoomOf(boundsOf(nodes, places))).toBeGreaterThan(0.2);
    const left = nodes.slice(1).map(({ id }) => places.get(id)![0]);
    expect(places.get('n0')![1] >= 0 && new Set(left).size > 4).toBe(true);
  });

  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'never puts a card over another, and always gives the same places: %i',
    seed => {
      const { nodes, edges } = workflow(seed);
      const places = layered(nodes, edges, VIEW);
      expect(overlaps(nodes, new Map(places))).toEqual([]);
      expect(places.map(([id]) => id).sort()).toEqual(nodes.map(({ id }) => id).sort());
      expect(layered(nodes, edges, VIEW)).toEqual(places);
      // never smaller than in one strip
      const strip = boundsOf(nodes, new Map(layered(nodes, edges)));
      const bounds = boundsOf(nodes, new Map(places));
      expect(zoomOf(bounds)).toBeGreaterThanOrEqual(Math.min(0.75, zoomOf(strip)) - 0.051);
    }
  );
});
