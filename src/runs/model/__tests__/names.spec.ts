import { nullTranslator } from '@jupyterlab/translation';
import { Artifact, Run, Task } from '../../../api/types';
import { executedLast, isScratch, runName, taskName, taskTitle } from '../names';

const task = (node: string, label: string) => ({ node, label }) as Task;

describe('what steps are called', () => {
  const tasks = [
    task('a', 'train.ipynb'),
    task('a_2', 'train.ipynb'),
    task('b', ''),
    task('c', 'b')
  ];

  it('K5: has the id of the node where several are called alike', () => {
    expect(tasks.map(one => taskTitle(one, tasks))).toEqual([
      'train.ipynb · a',
      'train.ipynb · a_2',
      'b · b',
      'b · c'
    ]);
  });

  it('is the name alone where it is the only one', () => {
    expect(taskName(tasks[0], tasks.slice(0, 1))).toEqual({ name: 'train.ipynb' });
    expect(taskTitle(tasks[2], tasks.slice(2, 3))).toBe('b');
  });
});

describe('what runs are called', () => {
  const trans = nullTranslator.load('nbyard');
  const run = (kind: string, name = '') => ({ number: 7, name, origin: { kind } }) as Run;

  it.each([
    ['manual', 'night', 'night', false],
    ['shell', '', '7', false],
    ['check', '', 'Check Run', true],
    ['bisect', '', 'Bisection', true]
  ])('K15: started by %s', (kind, name, shown, scratch) => {
    expect(runName(run(kind, name), trans)).toBe(shown);
    expect(isScratch(run(kind, name))).toBe(scratch);
  });
});

describe('the results of a task', () => {
  it('end with the executed notebook', () => {
    const made = ['table', 'executed.ipynb', 'model'].map(name => ({ name }) as Artifact);
    expect(executedLast(made).map(({ name }) => name)).toEqual([
      ...['table', 'model', 'executed.ipynb']
    ]);
  });
});
