import { recall, remember, hasMinimap } from '../viewState';

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

it('opens the minimap in large workflows, until the user has chosen', () => {
  const of = (size: number, minimap?: boolean) =>
    hasMinimap({ ui: { minimap }, doc: { nodes: { size } } });
  expect([of(19), of(20), of(19, true), of(20, false)]).toEqual([false, true, true, false]);
});
