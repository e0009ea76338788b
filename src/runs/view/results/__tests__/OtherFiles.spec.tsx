import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { OtherFileList, OtherFiles as Summary, Task } from '../../../../api/types';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { OtherFiles } from '../OtherFiles';

const FOUND: OtherFileList = {
  files: [
    { path: 'notes.txt', digest: 'sha256:1', size_bytes: 5 },
    { path: 'plots/a b.svg', digest: 'sha256:2', size_bytes: 2000 }
  ],
  left_out: [],
  more: 0,
  folder: ''
};

const UNDECLARED = {
  code: 'train.ipynb',
  files: [{ path: 'notes.txt', role: 'output', name: 'notes' }]
};

const NOTHING: Summary = { digest: '', count: 0, size_bytes: 0, left_out: [], more: 0 };

function task(node: string, written: Partial<Summary>): Task {
  const other_files = { ...NOTHING, ...written };
  return { id: node, node, label: node, other_files } as unknown as Task;
}

function show(...tasks: Task[]): jest.Mock {
  const call = jest.fn<Promise<unknown>, [unknown, unknown?]>(async operation =>
    operation === 'runs.undeclared' ? UNDECLARED : FOUND
  );
  const request = jest
    .fn()
    .mockResolvedValue({ blob: async () => ({ text: async () => 'hello' }) });
  const commands = new CommandRegistry();
  commands.addCommand('nbyard:save-run-files', { label: 'Save to Folder…', execute: call });
  const client = { call, request, settings: { baseUrl: '/' } };
  const trans = nullTranslator.load('nbyard');
  const services = { trans, commands, yard: { client } } as unknown as IRunServices;
  render(
    <RunContext.Provider value={services}>
      <OtherFiles run="r" tasks={tasks} all={tasks} />
    </RunContext.Provider>
  );
  return call;
}

const settle = () => act(async () => Promise.resolve());

describe('files that are no declared outputs', () => {
  it('are listed with download and preview', async () => {
    show(task('train', { count: 2, size_bytes: 2005, digest: 'tree:1' }));
    await settle();
    expect(screen.getByText('2 files · 2.0 kB')).toBeTruthy();
    const rows = within(screen.getByRole('grid', { name: 'Other files of train' }));
    const links = rows.getAllByRole('link', { name: 'Download' }) as HTMLAnchorElement[];
    expect(links[1].getAttribute('href')).toBe(
      '/nbyard/api/runs/r/tasks/train/files/content?path=plots%2Fa+b.svg'
    );
    expect(links[1].download).toBe('a b.svg');
    fireEvent.click(rows.getByText('notes.txt'));
    await settle();
    expect(await screen.findByText('hello')).toBeTruthy();
  });

  it('are saved by a command that knows the step', async () => {
    const call = show(task('train', { count: 2, size_bytes: 2005, digest: 'tree:1' }));
    await settle();
    fireEvent.click(screen.getByText('Save to Folder…'));
    expect(call).toHaveBeenLastCalledWith({ run: 'r', node: 'train' });
  });

  it('are asked for when a step is opened, where several have some', async () => {
    const of = { count: 1, size_bytes: 5, digest: 'tree:1' };
    const call = show(task('a', of), task('b', of));
    await settle();
    expect(call).not.toHaveBeenCalled();
    const details = screen.getByText('b').closest('details')!;
    details.open = true;
    fireEvent(details, new Event('toggle'));
    await settle();
    expect(call.mock.calls.map(([operation]) => operation).sort()).toEqual([
      'runs.files',
      'runs.undeclared'
    ]);
    for (const [, asked] of call.mock.calls) {
      expect((asked as { path: unknown }).path).toEqual({ run: 'r', node: 'b' });
    }
  });

  it('are declared with a click, after which the next run keeps them as results', async () => {
    const call = show(task('train', { count: 1, size_bytes: 5, digest: 'tree:1' }));
    call.mockImplementation(async operation =>
      operation === 'executables.declare'
        ? {
            description: 'train.ipynb.nbexec',
            added: [{ name: 'notes', role: 'output', default: 'notes.txt' }]
          }
        : operation === 'runs.undeclared'
          ? UNDECLARED
          : FOUND
    );
    await settle();
    fireEvent.click(screen.getByText('Declare as Inputs and Outputs'));
    await settle();
    expect(call).toHaveBeenCalledWith('executables.declare', {
      body: { path: 'train.ipynb', inputs: [], outputs: ['notes.txt'] }
    });
    const told = screen.getByRole('status').textContent;
    expect(told).toContain('Declared notes (notes.txt) in train.ipynb.nbexec.');
    expect(told).toContain('Run again to get the outputs as results.');
  });

  it('name what was not kept, and why', async () => {
    const left_out = [
      { path: 'model.bin', why: 'too-large' as const, size_bytes: 3e9 },
      { path: 'link', why: 'link' as const, size_bytes: 0 }
    ];
    show(task('train', { left_out, more: 7 }));
    await settle();
    const left = within(screen.getByRole('list', { name: 'Files that were not stored' }));
    expect(left.getAllByRole('listitem').map(one => one.textContent)).toEqual([
      'model.bin (3.0 GB) was not stored: the task wrote more bytes than the limit',
      'link was not stored: it is a link or not a regular file',
      '7 more files were not stored'
    ]);
    expect(screen.queryByText('Download All')).toBeNull();
  });
});
