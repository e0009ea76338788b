import { event } from '../../../api/__tests__/fake';
import { Task } from '../../../api/types';
import { TaskTable } from '../tasks';

const SAME = { code: 'unchanged', params: { run: 1 } };

function task(node: string, state: Task['state'] = 'waiting'): Task {
  return { id: `t-${node}`, node, state, cached: false, reason: null } as Task;
}

describe('TaskTable', () => {
  it('K5: moves tasks by events, and only those', () => {
    const table = new TaskTable();
    expect(table.put([task('a'), task('b')], 1)).toEqual(new Set(['a', 'b']));
    const before = table.list;
    const moved = table.move([
      event(2, 'task', 't-a', { state: 'succeeded', cached: true, reason: SAME }, 'r'),
      event(3, 'task', 't-unknown', { state: 'failed' }, 'r'),
      event(4, 'attempt', 't-b', { state: 'failed' }, 'r')
    ]);
    expect(moved).toEqual(new Set(['a']));
    expect(table.get('a')).toMatchObject({ state: 'succeeded', cached: true, reason: SAME });
    expect(table.list).not.toBe(before);
    expect(table.list[1]).toBe(before[1]);
  });

  it('keeps what is newer than a page, and the object of what did not change', () => {
    const table = new TaskTable();
    table.put([task('a'), task('b')], 1);
    table.move([event(5, 'task', 't-a', { state: 'running' })]);
    const [, b] = table.list;
    expect(table.put([task('a', 'queued'), task('b')], 4)).toEqual(new Set());
    expect([table.get('a')?.state, table.get('b') === b]).toEqual(['running', true]);
    expect(table.put([task('a', 'succeeded')], 5)).toEqual(new Set(['a']));
    expect(table.list.map(({ node }) => node)).toEqual(['a', 'b']);
  });
});
