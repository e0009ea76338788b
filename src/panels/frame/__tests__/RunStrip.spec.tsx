import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, render, screen } from '@testing-library/react';
import { Run, Workflow } from '../../../api/types';
import { resultOf, resultsUpTo, RunStrip } from '../RunStrip';

const trans = nullTranslator.load('nbyard');
const run = (number: number, state: string, part: Partial<Run> = {}): Run =>
  ({ id: `${number}`, number, state, workflow_id: 'w', path: '', title: 't', ...part }) as Run;

afterEach(cleanup);

describe('the last results', () => {
  const runs = [
    run(8, 'running'),
    run(7, 'failed'),
    run(6, 'succeeded', { workflow_id: 'x' }),
    ...[5, 4, 3, 2, 1].map(number => run(number, 'succeeded'))
  ];

  it('are up to five of the same workflow, up to the run itself', () => {
    const numbers = (of: Run) => resultsUpTo(of, runs).map(({ number }) => number);
    expect(numbers(runs[0])).toEqual([3, 4, 5, 7, 8]);
    expect(numbers(runs[1])).toEqual([2, 3, 4, 5, 7]);
    expect(numbers(runs[2])).toEqual([6]);
    expect(numbers(runs[7])).toEqual([1]);
  });

  it('are those of the same file where there is no workflow', () => {
    const alone = [3, 2].map(number => run(number, 'failed', { workflow_id: '', path: 'a.ipynb' }));
    const other = run(1, 'failed', { workflow_id: '', path: 'b.ipynb' });
    expect(resultsUpTo(alone[0], [...alone, other])).toHaveLength(2);
    const shared = { id: runs[0].workflow_id, same_as: ['copy'] } as Workflow;
    const pushed = { ...runs[0], workflow_id: 'copy' };
    expect(resultsUpTo(pushed, [pushed, runs[1]], [shared])).toHaveLength(2);
  });

  it('say in words what the bars show', () => {
    const results = resultsUpTo(runs[1], runs).map(run => resultOf(run, trans));
    render(<RunStrip results={results} trans={trans} />);
    const { title, childElementCount } = screen.getByRole('img', { name: /^Last runs: #2 succ/ });
    expect(title).toContain('#5 succeeded, #7 failed');
    expect(childElementCount).toBe(5);
  });
});
