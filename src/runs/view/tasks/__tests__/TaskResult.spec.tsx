import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, render, screen } from '@testing-library/react';
import { Artifact, RunDetail, Task } from '../../../../api/types';
import { dataKind } from '../../../../components/format/dataKinds';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { TaskResult } from '../TaskResult';

/** Return the output that is shown first of a task with these files. */
function shownOf(...files: (string | Partial<Artifact>)[]): string | null {
  const artifacts = files.map(file => {
    const part = typeof file === 'string' ? { filename: file } : file;
    const format = part.filename!.split('.').pop();
    return { id: part.filename, name: part.filename, format, size_bytes: 9e9, ...part };
  });
  const task = { node: 'a', label: 'a', artifacts } as unknown as Task;
  const never = () => new Promise(() => undefined);
  const client = { call: never, request: never, settings: { baseUrl: '/' } };
  const services = { trans: nullTranslator.load('nbyard'), yard: { client } };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <TaskResult task={task} detail={{ tasks: [task] } as unknown as RunDetail} />
    </RunContext.Provider>
  );
  const { textContent } = screen.getByRole('button', { pressed: true });
  cleanup();
  return textContent;
}

describe('the output of a task that is shown first', () => {
  it('is a picture or page, else metrics, a table or a model, before logs and others', () => {
    const others = ['train.log', 'notes.txt', 'a.bin'];
    expect(shownOf(...others, 'm.joblib', 'a.xlsx', 'metrics.json', 'b.png')).toBe('b.png');
    expect(shownOf(...others, 'm.joblib', 'a.xlsx', 'metrics.json')).toBe('metrics.json');
    expect(shownOf(...others, 'm.joblib', 'a.xlsx')).toBe('a.xlsx');
    expect(shownOf(...others, 'm.joblib')).toBe('m.joblib');
    expect(shownOf(...others, { filename: 'fitted', format: 'mlflow' })).toBe('fitted');
    expect(shownOf(...others, { filename: 'folder', output_class: 'model' })).toBe('folder');
    expect(shownOf(...others)).toBe('train.log');
  });

  it('is known by the name of its file where it has no format', () => {
    expect(shownOf('a.log', { filename: 'plot.svg', format: '' })).toBe('plot.svg');
  });
});

describe('files that a task wrote without declaring them', () => {
  it.each([
    [{ count: 1 }, 1],
    [null, 0]
  ])('are named beside its outputs: %j', async (other_files, count) => {
    const artifacts = [{ id: 'e', name: 'executed.ipynb', format: 'bin', size_bytes: 9e9 }];
    const task = { node: 'a', label: 'a', state: 'succeeded', artifacts, other_files };
    const files = [{ path: 'wine.joblib', role: 'output', name: 'wine', format: 'joblib' }];
    const call = jest.fn(async () => ({ code: 'a.ipynb', files, problem: null }));
    const client = {
      call,
      request: () => new Promise(() => undefined),
      settings: { baseUrl: '/' }
    };
    const services = { trans: nullTranslator.load('nbyard'), yard: { client } };
    const detail = { run: { id: 'r' }, tasks: [task] } as unknown as RunDetail;
    await act(async () => {
      render(
        <RunContext.Provider value={services as unknown as IRunServices}>
          <TaskResult task={task as unknown as Task} detail={detail} />
        </RunContext.Provider>
      );
    });
    expect(screen.queryAllByText('wine.joblib')).toHaveLength(count);
    expect(call).toHaveBeenCalledTimes(count);
    cleanup();
  });
});

describe('the kinds of data', () => {
  it.each(['mlflow', 'model', 'joblib'])('%s is a model', format => {
    expect(dataKind(format)).toBe('model');
  });
});
