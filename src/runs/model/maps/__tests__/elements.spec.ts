import { event } from '../../../../api/__tests__/fake';
import { Task } from '../../../../api/types';
import { endedPart } from '../elements';
import { TaskTable } from '../../tasks';

const task = (node: string, more: object = {}): Task =>
  ({ id: `t-${node}`, node, state: 'waiting', cached: false, reason: null, ...more }) as Task;

const element = (map: string, position: number, state: Task['state'] = 'waiting'): Task =>
  task(`${map}.${position}`, {
    state,
    element: { map, key: `${position}`, label: `n=${position}`, position }
  });

const elements = (map: string, count: number): Task[] =>
  Array.from({ length: count }, (_, position) => element(map, position));

describe('K10: the elements of a map', () => {
  it('are counted with each event, and are no tasks of the graph', () => {
    const table = new TaskTable();
    table.put([task('fit', { state: 'running' }), ...elements('fit', 5)], 1);
    const { list } = table;
    const states = ['succeeded', 'failed', 'cancelled', 'running'] as const;
    const moved = table.move(
      states.map((state, at) => event(2 + at, 'task', `t-fit.${at}`, { state }, 'r'))
    );
    expect([...moved].sort()).toEqual(['fit', 'fit.0', 'fit.1', 'fit.2', 'fit.3']);
    const tiles = ['succeeded', 'failed', 'skipped', 'running', 'waiting'];
    const counts = Object.fromEntries(tiles.map(state => [state, 1]));
    expect(table.elements('fit')!.states).toEqual({ total: 5, counts, tiles });
    expect(endedPart(table.elements('fit')!.states)).toBe(0.6);
    expect(table.list).toBe(list);
    expect(list.map(({ node }) => node)).toEqual(['fit']);
    expect(table.get('fit.1')?.state).toBe('failed');
    expect(table.elements('other')).toBeUndefined();
  });

  it('are in the order of the input, whatever page brings them first', () => {
    const table = new TaskTable();
    table.put([element('fit', 2), element('fit', 0)], 1);
    table.put([element('fit', 1, 'running'), element('fit', 0)], 2);
    const { list, states } = table.elements('fit')!;
    expect(list.map(({ node }) => node)).toEqual(['fit.0', 'fit.1', 'fit.2']);
    expect(states.tiles).toEqual(['waiting', 'running', 'waiting']);
    expect(states.counts).toMatchObject({ waiting: 2, running: 1 });
  });

  it('of a map inside a sub-workflow change the card of both', () => {
    const table = new TaskTable();
    table.put([task('part.fit'), ...elements('part.fit', 3)], 1);
    const moved = table.move([event(2, 'task', 't-part.fit.1', { state: 'running' }, 'r')]);
    expect([...moved].sort()).toEqual(['part', 'part.fit', 'part.fit.1']);
    expect(table.within('part').map(({ node }) => node)).toEqual(['part.fit']);
  });

  it('cost the same for each event, if there are ten thousand', () => {
    const table = new TaskTable();
    table.put([task('fit', { state: 'running' }), ...elements('fit', 10_000)], 1);
    const map = table.elements('fit')!;
    const sort = jest.spyOn(Array.prototype, 'sort');
    for (let at = 0; at < 10_000; at++) {
      table.move([event(2 + at, 'task', `t-fit.${at}`, { state: 'succeeded' }, 'r')]);
      expect(map.states.tiles).toBeUndefined();
    }
    expect(sort).not.toHaveBeenCalled();
    sort.mockRestore();
    expect(map.states).toMatchObject({ total: 10_000, counts: { succeeded: 10_000, waiting: 0 } });
  });
});
