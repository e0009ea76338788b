import { event } from '../../../api/__tests__/fake';
import { Run, RunDetail, Task } from '../../../api/types';
import {
  completed,
  movedRun,
  movedTask,
  runProgress,
  secondsOf,
  shownState,
  taskToFollow,
  workSeconds
} from '../reducer';

function task(node: string, state: Task['state'] = 'waiting'): Task {
  return { id: `t-${node}`, node, state, cached: false, reason: null } as Task;
}

function detail(...tasks: Task[]): RunDetail {
  return { run: { id: 'r', state: 'queued' } as RunDetail['run'], tasks };
}

describe('shownState', () => {
  it('is waiting while no task of a started run is in progress', () => {
    const shown = (state: Run['state'], counts: Record<string, number>) =>
      shownState({ state, counts });
    expect(shown('running', { succeeded: 1, queued: 1 })).toBe('waiting');
    expect(shown('running', { queued: 1, preparing: 1 })).toBe('running');
    expect(shown('running', { queued: 1, running: 1 })).toBe('running');
    expect(shown('running', {})).toBe('running');
    expect(shown('cancelled', { queued: 1 })).toBe('cancelled');
  });
});

describe('completed', () => {
  it('counts the tasks that ended before a run was cancelled', () => {
    const ends: Task['state'][] = ['succeeded', 'failed', 'cancelled', 'skipped'];
    expect(completed(detail(...ends.map(state => task(state, state))))).toBe(2);
  });
});

describe('movedRun', () => {
  it('K5: moves the run, and only that one', () => {
    const { run } = detail();
    const moved = movedRun(run, [
      event(1, 'run', 'r', { state: 'running' }, 'r'),
      event(2, 'run', 'r', { state: 'succeeded' }, 'r'),
      event(3, 'run', 'another', { state: 'failed' }, 'another')
    ]);
    expect(moved).toMatchObject({ state: 'succeeded', started_at: event(1, '', '').at });
    expect(moved.finished_at).toBeDefined();
    expect(movedRun(run, [event(4, 'task', 't-a', { state: 'failed' }, 'r')])).toBe(run);
  });
});

describe('progress', () => {
  it('K5: counts finished steps and finished cells', () => {
    const activity = { run: 'r', node: 'b', attempt: 1, log_bytes: 0, done: 1, total: 2 };
    const run = detail(task('a', 'succeeded'), task('b', 'running'), task('c'), task('d'));
    expect(runProgress(run, new Map([['b', activity]]))).toBeCloseTo(1.5 / 4);
    expect(runProgress(detail(), new Map())).toBe(0);
  });

  it('knows how long a thing takes', () => {
    const started_at = '2030-01-01T00:00:00Z';
    const now = Date.parse('2030-01-01T00:00:05Z');
    expect(secondsOf({}, now)).toBeUndefined();
    expect(secondsOf({ started_at }, now)).toBe(5);
    expect(secondsOf({ started_at, finished_at: '2030-01-01T00:00:02Z' }, now)).toBe(2);
  });

  it('R9: counts work, and not what a step waits before it is tried again', () => {
    const at = (second: number) => `2030-01-01T00:00:0${second}Z`;
    const first = { started_at: at(0), finished_at: at(2), state: 'lost' };
    const tried = (state: Task['state'], ...attempts: object[]): Task =>
      ({ ...task('a', state), started_at: at(0), attempts }) as unknown as Task;
    const now = Date.parse(at(9));
    expect(workSeconds(tried('queued', first), now)).toBe(2);
    expect(workSeconds(tried('running', first, { started_at: at(6) }), now)).toBe(5);
    const second = { started_at: at(6), finished_at: at(7) };
    const done = { ...tried('succeeded', first, second), finished_at: at(7) };
    expect(workSeconds(done, now)).toBe(3);
    expect(workSeconds(tried('running'), now)).toBe(9);
    expect(workSeconds(task('a', 'queued'), now)).toBeUndefined();
  });

  it('moves a task with its reason; what it waited for is over', () => {
    const waits = { code: 'waits-for-turn', params: {} };
    const reason = { code: 'unchanged', params: { run: 3 } };
    const queued = movedTask(task('a', 'waiting'), 'queued', event(1, 'task', 't-a', { waits }));
    expect(queued).toMatchObject({ waits, reason: null });
    const done = movedTask(queued, 'succeeded', event(2, 'task', 't-a', { reason, cached: true }));
    expect(done).toMatchObject({ waits: null, reason, cached: true });
  });

  it('follows the failed step before the running one', () => {
    const follow = (...tasks: Task[]) => taskToFollow(detail(...tasks), node => node === 'map');
    expect(follow(task('a', 'succeeded'), task('b', 'running'))).toBe('b');
    expect(follow(task('a', 'failed'), task('b', 'running'))).toBe('a');
    expect(follow(task('a', 'succeeded'), task('b', 'succeeded'))).toBe('b');
    expect(follow(task('map', 'succeeded'), task('b', 'succeeded'))).toBe('map');
    expect(follow(task('map', 'succeeded'), task('b', 'running'))).toBe('b');
    const attempts = [{ started_at: '2030-01-01T00:00:00Z' }] as Task['attempts'];
    const stopped = { ...task('b', 'cancelled'), attempts };
    expect(follow(task('a', 'succeeded'), stopped)).toBe('b');
    expect(follow(task('a', 'succeeded'), task('b', 'cancelled'))).toBe('a');
  });
});
