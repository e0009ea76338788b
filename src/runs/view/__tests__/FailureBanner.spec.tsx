import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { RunDetail } from '../../../api/types';
import { IRunServices } from '../../model/services';
import { FailureBanner } from '../FailureBanner';
import { RunContext } from '../context/hooks';

const task = (node: string, failure: object) => ({
  node,
  label: 'train.ipynb',
  state: 'failed',
  reason: null,
  failure: { kind: 'error', ...failure }
});

const text = (words: string) => ({ code: 'text', params: { text: words } });

const commands = { execute: jest.fn() };

function show(client: object, ...tasks: object[]): void {
  const detail = { run: { id: 'r' }, tasks } as unknown as RunDetail;
  const services = {
    trans: nullTranslator.load('nbyard'),
    commands,
    yard: { client }
  } as unknown as IRunServices;
  render(
    <RunContext.Provider value={services}>
      <FailureBanner
        detail={detail}
        isMap={node => node === 'map'}
        onCell={jest.fn()}
        onLog={jest.fn()}
      />
    </RunContext.Provider>
  );
}

const cause = () => document.querySelector('.nby-Failure-cause')!.textContent;

describe('K5: why a run failed', () => {
  it('names the cell as it was written, and as the kernel counts', () => {
    const traceback = '\u001b[36mCell\u001b[39m \u001b[32mIn[4]\u001b[39m, line 1\nValueError: no';
    show({}, task('a', { reason: text('no'), cell: 2, traceback }));
    expect(cause()).toContain('cell 3 (In [4])');
    expect(screen.queryByText(/tasks failed/)).toBeNull();
  });

  it('names a cell below that defines the unknown name', async () => {
    const code = (source: string, ...outputs: object[]) => ({ cell_type: 'code', source, outputs });
    const cells = [
      code('total = 0 # of nothing\ndel total'),
      code('share = a / total', { output_type: 'error' }),
      code('x = total == 1'),
      code('print(x)\ntotal = 3')
    ];
    const call = jest.fn(async () => ({ notebook: { cells }, done: 2, total: 4, current: null }));
    const failure = { reason: text("NameError: name 'total' is not defined"), cell: 1 };
    show({ call }, task('a', { ...failure, executed_cell: 1 }));
    expect(await screen.findByText(/Cell 4 defines total/)).toBeTruthy();
  });

  it('names all steps that failed, and tells of each', () => {
    show({}, task('a', { reason: text('first') }), task('b', { reason: text('second'), cell: 0 }));
    expect(screen.getByText('2 tasks failed:')).toBeTruthy();
    expect(cause()).toContain('first');
    fireEvent.click(screen.getByRole('button', { name: 'train.ipynb · b' }));
    expect(cause()).toContain('second · cell 1');
  });

  it('shows the own line and edits the source at the failing cell', () => {
    const traceback = 'Cell In[4], line 2\n      1 x = 1\n----> 2 clean(x)\n\nE: no';
    show({}, { ...task('a', { reason: text('no'), cell: 3, traceback }), executable_id: 'e' });
    const lines = [...screen.getByRole('group', { name: 'Failing code' }).children];
    expect(lines.map(({ textContent }) => textContent)).toEqual(['1', 'x = 1', '2', 'clean(x)']);
    expect(document.querySelector('code.nby-Failure-own')!.textContent).toBe('clean(x)');
    fireEvent.click(screen.getByRole('button', { name: 'Edit Source' }));
    const args = { id: 'e', cell: 3, line: 2, lines: {} };
    expect(commands.execute).toHaveBeenCalledWith('nbyard:edit-executable-source', args);
  });
});

describe('X1: a file that was not found', () => {
  it('is offered for declaration', async () => {
    const files = [{ path: 'prepared.csv', role: 'input', name: 'prepared', format: 'csv' }];
    const call = jest.fn(async () => ({ code: 'model.ipynb', files, problem: null }));
    const failed = task('model', { reason: text("No such file or directory: 'prepared.csv'") });
    await act(async () => show({ call }, failed, task('b', { reason: text('no') })));
    expect(call).toHaveBeenCalledTimes(1);
    expect(document.querySelector('.nby-OpenedFiles')!.textContent).toContain(
      'The code also reads prepared.csv.'
    );
    fireEvent.click(screen.getByRole('button', { name: 'train.ipynb · b' }));
    expect(document.querySelector('.nby-OpenedFiles')).toBeNull();
  });
});

it('K5: shows the last lines where no line of code is known', () => {
  show({}, task('a', { reason: text('exit code 1'), traceback: 'one\ntwo\nthree' }));
  expect(document.querySelector('pre')!.textContent).toBe('one\ntwo\nthree');
});

it('K10: leads from a failed map to its elements, which have the logs', () => {
  show({}, { ...task('map', { reason: text('2 of 8 failed') }), executable_id: 'e' });
  expect(screen.getByRole('button', { name: 'Show Elements' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Show Log' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Edit Source' })).toBeNull();
});
