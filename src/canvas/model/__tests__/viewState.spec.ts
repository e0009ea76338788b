import { hasMinimap, mayHaveMinimap } from '../../stage/minimap';
import { recall, remember } from '../viewState';

describe('K6: what a reload keeps of a canvas', () => {
  it('is kept by document, and added to', () => {
    remember('a.nbflow', { viewport: { x: 1, y: 2, zoom: 0.5 } });
    remember('a.nbflow', { outline: true });
    expect(recall('a.nbflow')).toEqual({ viewport: { x: 1, y: 2, zoom: 0.5 }, outline: true });
    expect(recall('b.nbflow')).toEqual({});
  });

  it('starts afresh when it cannot be read', () => {
    sessionStorage.setItem('nbyard:canvas:c', '{');
    expect(recall('c')).toEqual({});
    sessionStorage.setItem('nbyard:canvas:c', 'null');
    expect(recall('c')).toEqual({});
  });
});

it('keeps the minimap closed until the user opens it, also in large workflows', () => {
  const of = (size: number, minimap?: boolean) =>
    hasMinimap({ ui: { minimap }, doc: { nodes: { size } } });
  expect([of(8), of(500), of(500, true), of(500, false)]).toEqual([false, false, true, false]);
});

it('has a minimap only for numbers of nodes that it can draw', () => {
  const of = (size: number) => {
    const canvas = { ui: { minimap: true }, doc: { nodes: { size } } };
    return [mayHaveMinimap(canvas), hasMinimap(canvas)];
  };
  const [yes, no] = [
    [true, true],
    [false, false]
  ];
  expect([7, 8, 1000, 1001].map(of)).toEqual([no, yes, yes, no]);
});
