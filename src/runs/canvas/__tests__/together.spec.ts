import { nullTranslator } from '@jupyterlab/translation';
import { INodeRun } from '../../../canvas/model/tokens';
import { together } from '../together';

const trans = nullTranslator.load('nbyard');
const of = (runs: Record<string, INodeRun>) =>
  together(new Map(Object.entries(runs).map(([id, run]) => [`part.${id}`, run])), 'part', trans);

describe('the state of a sub-workflow', () => {
  it('is live until the last task ends, with what is done so far', () => {
    const run = of({
      a: { state: 'succeeded', seconds: 2, progress: 1 },
      b: { state: 'running', since: 5, progress: 0.5 },
      c: { state: 'waiting' }
    });
    expect(run).toMatchObject({ state: 'running', inner: 'part.b', since: 5, progress: 0.5 });
    expect(run.detail).toContain('1');
    expect(run.seconds).toBeUndefined();
  });

  it('has failed as soon as one task has, and names it with the reason', () => {
    const run = of({
      a: { state: 'running' },
      b: { state: 'failed', reason: 'division by zero' },
      c: { state: 'skipped' }
    });
    expect(run.state).toBe('failed');
    expect(run.inner).toBe('part.b');
    expect(run.reason).toContain('b: division by zero');
  });

  it('K16: names the ports of its nodes whose data break a contract', () => {
    const broken = { outputs: ['out'], inputs: [] };
    const run = of({ a: { state: 'succeeded' }, b: { state: 'failed', broken } });
    expect(run.broken).toEqual({ outputs: ['b.out'], inputs: [] });
    expect(of({ a: { state: 'failed' } })).not.toHaveProperty('broken');
  });

  it('adds times and models, and shows the last preview', () => {
    const models = { run: 'r1', outputs: ['model'] };
    const first = { metrics: [{ name: 'x', value: '1' }] };
    const last = { metrics: [{ name: 'y', value: '2' }] };
    const run = of({
      a: { state: 'succeeded', cached: true, seconds: 1, models, preview: first },
      b: { state: 'succeeded', cached: true, seconds: 2, preview: last }
    });
    expect(run).toMatchObject({ state: 'succeeded', cached: true, seconds: 3, preview: last });
    expect(run.models).toEqual({ run: 'r1', outputs: ['a.model'] });
  });
});
