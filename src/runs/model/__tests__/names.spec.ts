import { Task } from '../../../api/types';
import { stepName, stepTitle } from '../names';

const task = (node: string, label: string) => ({ node, label }) as Task;

describe('what steps are called', () => {
  const tasks = [
    task('a', 'train.ipynb'),
    task('a_2', 'train.ipynb'),
    task('b', ''),
    task('c', 'b')
  ];

  it('K5: has the id of the node where several are called alike', () => {
    expect(tasks.map(one => stepTitle(one, tasks))).toEqual([
      'train.ipynb · a',
      'train.ipynb · a_2',
      'b · b',
      'b · c'
    ]);
  });

  it('is the name alone where it is the only one', () => {
    expect(stepName(tasks[0], tasks.slice(0, 1))).toEqual({ name: 'train.ipynb' });
    expect(stepTitle(tasks[2], tasks.slice(2, 3))).toBe('b');
  });
});
