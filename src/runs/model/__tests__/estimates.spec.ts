import { nullTranslator } from '@jupyterlab/translation';
import { Task } from '../../../api/types';
import { formatEstimate, IKnownEstimate, runEstimate, taskEstimate } from '../estimates';

const trans = nullTranslator.load('nbyard');
const AT = Date.parse('2030-01-01T00:00:00Z');
const RUNNING = [{ state: 'running' } as Task];
const KNOWN: IKnownEstimate = {
  remaining_seconds: 240,
  unknown: 0,
  nodes: {
    a: { seconds: 180, samples: 5, starts_in_seconds: null },
    b: { seconds: 60, samples: 1, starts_in_seconds: null },
    later: { seconds: 60, samples: 2, starts_in_seconds: 7200 },
    quick: { seconds: 0.01, samples: 2, starts_in_seconds: null }
  },
  at: AT
};

function task(node: string, state: Task['state']): Task {
  return { node, state, started_at: new Date(AT).toISOString() } as Task;
}

describe('R11: estimates', () => {
  it('are as exact as they are', () => {
    const said = [0.2, 40, 200, 5399, 9000].map(seconds => formatEstimate(seconds, trans));
    expect(said).toEqual(['1 s', '40 s', '3 min', '90 min', '2.5 h']);
  });

  it.each<[Task, number, string]>([
    [task('a', 'queued'), 0, 'usually 3 min (last 5 runs)'],
    [task('later', 'queued'), 0, 'usually 60 s (last 2 runs), starts in about 2.0 h'],
    [task('later', 'queued'), 6900, 'usually 60 s (last 2 runs), starts in about 5 min'],
    [task('later', 'queued'), 7200, 'usually 60 s (last 2 runs)'],
    [task('later', 'preparing'), 0, 'usually 60 s (last 2 runs)'],
    [task('b', 'waiting'), 0, 'usually 60 s (last run)'],
    [task('a', 'running'), 60, 'about 2 min left of usually 3 min (last 5 runs)'],
    [task('a', 'running'), 200, 'longer than usual: 3 min (last 5 runs)'],
    [task('a', 'succeeded'), 0, ''],
    [task('c', 'queued'), 0, ''],
    [task('quick', 'queued'), 0, 'usually under a second (last 2 runs)'],
    [task('quick', 'running'), 0.5, 'usually under a second (last 2 runs)'],
    [task('quick', 'running'), 3, 'longer than usual: under a second (last 2 runs)']
  ])('of a step: %j after %p s', (step, seconds, words) => {
    expect(taskEstimate(step, KNOWN, AT + 1000 * seconds, trans)).toBe(words);
  });

  it('of a run go down, and never below nothing', () => {
    expect(runEstimate(KNOWN, RUNNING, AT, trans)).toBe('about 4 min left');
    expect(runEstimate(KNOWN, RUNNING, AT + 210_000, trans)).toBe('about 30 s left');
    expect(runEstimate(KNOWN, RUNNING, AT + 250_000, trans)).toBe('');
    expect(runEstimate({ ...KNOWN, remaining_seconds: null }, RUNNING, AT, trans)).toBe('');
    expect(runEstimate(undefined, RUNNING, AT, trans)).toBe('');
  });

  it('of a run are unknown until a task is known to run, as all may come from the cache', () => {
    const of = (...tasks: object[]) => runEstimate(KNOWN, tasks as Task[], AT, trans);
    const cached = { state: 'succeeded', cached: true };
    const next = { state: 'queued', waits: { code: 'waits-for-turn' } };
    expect(of(cached, next, { state: 'waiting' })).toBe('');
    expect(of(cached, { state: 'preparing' })).toBe('about 4 min left');
    expect(of(cached, { ...next, waits: { code: 'waits-for-gpu' } })).toBe('about 4 min left');
    expect(of({ state: 'succeeded', cached: false }, next)).toBe('about 4 min left');
  });
});
