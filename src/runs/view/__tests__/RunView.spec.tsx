import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { event, fakeClient, FakeSocket, settled } from '../../../api/__tests__/fake';
import { Run } from '../../../api/types';
import { connect } from '../../../api/yard';
import { RunModel } from '../../model/runModel';
import { IRunServices } from '../../model/services';
import RunView from '../RunView';

const NAME = 'Compare With Previous Run';

const FILE = { workflow_id: 'w', path: 'train.nbflow' };

/** Show a run with this number; return the commands with IDs of runs. */
async function show(
  number: number,
  state = 'succeeded',
  newer: object[] = [],
  earlier = [{}],
  tasks: object[] = [],
  role = 'owner'
) {
  const run = {
    id: 'r',
    number,
    state,
    title: 'Train',
    role,
    counts: {},
    tags: ['best', 'paper'],
    ...FILE
  };
  const client = fakeClient((_, url) => {
    const items = url.includes('/runs?') ? earlier : url.includes('/tasks') ? tasks : [];
    return { run, items, last: 1, next: null };
  });
  const yard = connect(client.settings);
  const commands = new CommandRegistry();
  const executed: unknown[] = [];
  const labels: Record<string, string> = {
    share: 'Share…',
    'cancel-run': 'Stop',
    'retry-run': 'Retry From Failure'
  };
  for (const name of ['compare-with-previous', 'show-run', ...Object.keys(labels)]) {
    commands.addCommand(`nbyard:${name}`, {
      label: labels[name] ?? NAME,
      execute: ({ id }) => void executed.push([name, id])
    });
  }
  newer.forEach(other => yard.runs.put(other as Run));
  const services = { yard, commands, trans: nullTranslator.load('nbyard'), steps: null };
  const model = RunModel.of(yard, 'r');
  render(<RunView services={services as unknown as IRunServices} model={model} />);
  FakeSocket.last?.hello();
  await act(settled);
  await act(settled);
  const end = async () => {
    run.state = 'cancelled';
    FakeSocket.last?.say({ events: [event(2, 'run', 'r', { state: 'cancelled' }, 'r')], last: 2 });
    await act(() => new Promise(done => setTimeout(done, 400)));
  };
  return { executed, end };
}

afterEach(cleanup);

describe('the header of Run Info', () => {
  it('compares the run with the previous one, if there is one', async () => {
    const { executed } = await show(2);
    fireEvent.click(screen.getByRole('button', { name: NAME }));
    expect(executed).toEqual([['compare-with-previous', 'r']]);
    cleanup();
    await show(1);
    expect(screen.queryByRole('button', { name: NAME })).toBeNull();
    cleanup();
    await show(2, 'succeeded', [], []); // it was deleted
    expect(screen.queryByRole('button', { name: NAME })).toBeNull();
  });

  it('counts failed tasks, and results without executed notebooks', async () => {
    const artifacts = ['table', 'executed.ipynb'].map(name => ({ id: name, name, node: 'a' }));
    const tasks = [
      { id: '1', node: 'a', state: 'failed', artifacts },
      { id: '2', node: 'b', state: 'succeeded' },
      { id: '3', node: 'c', state: 'skipped' }
    ];
    await show(1, 'failed', [], [], tasks);
    expect(screen.getByText('1 of 3 tasks failed')).toBeTruthy();
    expect(screen.getByRole('tab', { name: /^Results/ }).textContent).toBe('Results1');
  });

  it('says that a started run waits, and why', async () => {
    const waits = { code: 'draining', params: { why: 'new disks' } };
    const queued = { id: '1', node: 'a', state: 'queued', waits };
    await show(2, 'running', [], [], [queued]);
    expect(screen.getAllByRole('status')[0].textContent).toBe('waiting');
    expect(screen.getAllByText(/new disks/)).toHaveLength(2); // in the header, and in its row
    cleanup();
    await show(2, 'running', [], [], [queued, { id: '2', node: 'b', state: 'running' }]);
    expect(screen.getAllByRole('status')[0].textContent).toBe('running');
  });

  it('H2: offers what the role of the user allows', async () => {
    const offered = async (role: string, state: string) => {
      await show(2, state, [], [{}], [], role);
      const names = ['Share…', 'Stop', 'Retry From Failure'];
      const seen = names.filter(name => screen.queryByRole('button', { name }));
      cleanup();
      return seen;
    };
    expect(await offered('owner', 'running')).toEqual(['Share…', 'Stop']);
    expect(await offered('owner', 'failed')).toEqual(['Share…', 'Retry From Failure']);
    expect(await offered('editor', 'running')).toEqual(['Stop']);
    expect(await offered('editor', 'failed')).toEqual(['Retry From Failure']);
    expect(await offered('viewer', 'running')).toEqual([]);
    expect(await offered('viewer', 'failed')).toEqual([]);
  });

  it('shows the tags of the run', async () => {
    await show(2);
    expect(screen.getAllByTitle(/^Tag: /).map(({ textContent }) => textContent)).toEqual([
      'best',
      'paper'
    ]);
  });

  it('leads to the run on the canvas, if that is a newer one', async () => {
    const other = { id: 'z', number: 9, path: 'other.nbflow' };
    const older = { id: 'a', number: 1, ...FILE };
    await show(2, 'succeeded', [other, older]);
    expect(screen.queryByText(/^The canvas shows/)).toBeNull();
    cleanup();
    const { executed } = await show(2, 'succeeded', [other, { id: 's', number: 7, ...FILE }]);
    fireEvent.click(screen.getByRole('button', { name: 'Newest run: 7' }));
    expect(executed).toEqual([['show-run', 's']]);
  });

  it('keeps the buttons of an ended run off for a moment, where Stop was', async () => {
    const isLate = () => !!document.querySelector('.nby-RunView-header.nby-mod-ended');
    const { end } = await show(2, 'running');
    expect(isLate()).toBe(false);
    await end();
    expect(screen.getByRole('button', { name: NAME })).toBeTruthy();
    expect(isLate()).toBe(true);
    cleanup();
    await show(2);
    expect(isLate()).toBe(false);
  });
});
