import { FlowDoc } from '../../../document/flowDoc';
import { edgeOf } from '../../model/diagram/ends';
import { Projection } from '../../model/diagram/projection';

/** A small generator of numbers below a limit, the same ones in each run of the tests. */
function numbers(seed: number) {
  let state = seed;
  return (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
}

const CARDS = {
  nameOf: (id: string) => id,
  portsOf: () => [[], []],
  stateOf: () => undefined,
  brokenAt: () => undefined,
  formatOf: () => undefined
};

/** A document with random connections and random, often nested and folded, groups. */
function randomDoc(seed: number): FlowDoc {
  const next = numbers(seed);
  const ids = Array.from({ length: 4 + next(8) }, (_, at) => `n${at}`);
  const flow = {
    version: 1,
    nodes: Object.fromEntries(ids.map(id => [id, { type: 'executable' }])),
    positions: Object.fromEntries(ids.map((id, at) => [id, [at * 100, next(300)]])),
    edges: Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => {
        const [source, target] = [ids[next(ids.length)], ids[next(ids.length)]];
        return [`e${at}`, { source, output: 'out', target, input: `in${at}` }];
      }).filter(
        ([, edge]) => (edge as { source: string }).source !== (edge as { target: string }).target
      )
    ),
    groups: Object.fromEntries(
      Array.from({ length: 1 + next(4) }, (_, at) => {
        const all = [...ids, '@1', '@2', '@3', '@4'];
        const nodes = Array.from({ length: 1 + next(5) }, () => all[next(all.length)]);
        return [`@${at + 1}`, { folded: next(2) === 1, nodes }];
      })
    )
  };
  const doc = new FlowDoc();
  doc.setSource(JSON.stringify(flow));
  return doc;
}

describe('K9: what is drawn of a document with groups', () => {
  it('shows each connection once, at its own ports, or hides it inside one folded group', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const doc = randomDoc(seed);
      const drawn = new Projection(doc, CARDS);
      const cards = new Map(drawn.all().map(node => [node.id, node]));
      for (const [id] of doc.edges) {
        const edge = doc.edge(id)!;
        const link = drawn.edge(id);
        const [source, target] = [edge.source, edge.target].map(end => drawn.tree.shownAs(end));
        if (link) {
          expect(edgeOf(link)).toEqual(edge);
          expect([cards.has(link.source), cards.has(link.target)]).toEqual([true, true]);
        } else {
          expect([source, cards.get(source)?.type]).toEqual([target, 'folded']);
        }
      }
      for (const [id] of doc.nodes) {
        expect(cards.has(drawn.tree.shownAs(id))).toBe(true);
      }
    }
  });

  it('is the same after all groups were folded and unfolded', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const doc = randomDoc(seed);
      const drawn = new Projection(doc, CARDS);
      const before = JSON.stringify(drawn.all());
      const was = new Map([...doc.groups].map(([id, group]) => [id, group.get('folded')]));
      const fold = (folded: (id: string) => unknown) => {
        doc.groups.forEach((group, id) => group.set('folded', folded(id) as boolean));
        drawn.follow({ groups: new Set(doc.groups.keys()) });
      };
      fold(() => true);
      expect(drawn.all().every(({ type }) => type !== 'frame')).toBe(true);
      fold(id => was.get(id));
      expect(JSON.stringify(drawn.all())).toBe(before);
    }
  });
});
