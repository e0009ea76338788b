import { nullTranslator } from '@jupyterlab/translation';
import { connect } from '../../../api/yard';
import { fakeClient, FakeSocket, settled } from '../../../api/__tests__/fake';
import { Task } from '../../../api/types';
import { LateStates } from '../lateStates';
import { ownChecks } from '../ownChecks';
import { RunStates } from '../states';

const RUN = { id: 'r', state: 'running', number: 1, path: 'a.nbflow', workflow_id: 'w' };
const TABLE = { columns: ['a'], rows: [['1']], column_count: 1, row_count: 1 };

function task(node: string, state: Task['state'], more: object = {}): Task {
  return { id: `t-${node}`, node, state, cached: false, reason: null, ...more } as Task;
}

/** The states of one run on a canvas; the requests for previews stand in `asked`. */
async function follow(tasks: Task[]) {
  const asked: string[] = [];
  const client = fakeClient((_, url) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname.endsWith('/runs')) {
      return { items: [RUN], next: null };
    }
    if (pathname.endsWith('/tasks')) {
      return { run: RUN, items: tasks, last: 1, next: null };
    }
    asked.push(searchParams.get('nodes') ?? pathname.split('/').slice(-2).join('.'));
    return pathname.endsWith('/previews')
      ? {
          items: [
            { node: 'done', text: 'hi' },
            { node: 'data', table: TABLE }
          ],
          pending: []
        }
      : { table: TABLE };
  });
  const yard = connect(client.settings);
  const path = () => 'a.nbflow';
  const found = new RunStates(yard, path, nullTranslator.load('nbyard'), () => true);
  const states = new LateStates(Promise.resolve(found));
  FakeSocket.last.hello(1);
  await settled();
  await settled();
  return { states, asked };
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
  await settled();
}

describe('RunStates', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('has the previews of nodes that succeeded and of data', async () => {
    const { states, asked } = await follow([task('done', 'succeeded'), task('on', 'running')]);
    const changes: (readonly string[] | undefined)[] = [];
    states.changed.connect((_, nodes) => changes.push(nodes && [...nodes]));
    expect(states.get('done')?.preview).toBeUndefined();
    expect([states.get('on')?.preview, states.previewFor('data')]).toEqual([undefined, undefined]);
    await pass(100);
    expect([asked, changes]).toEqual([['done,data'], [['done', 'data']]]);
    expect(states.get('done')?.preview).toEqual({ text: 'hi' });
    expect(states.previewFor('data')?.table?.size).toBe('1 × 1');
    expect(states.previewFor('on')).toBeUndefined();
    states.dispose();
  });

  it('K10: has the states of the elements of a map, which are no nodes', async () => {
    const element = (position: number, state: Task['state']) =>
      task(`fit.${position}`, state, { element: { map: 'fit', key: '', label: '', position } });
    const { states } = await follow([
      task('fit', 'running'),
      element(0, 'succeeded'),
      element(1, 'failed'),
      element(2, 'running'),
      element(3, 'queued')
    ]);
    const { elements, progress } = states.get('fit')!;
    expect(elements?.tiles).toEqual(['succeeded', 'failed', 'running', 'waiting']);
    expect([elements?.total, elements?.counts.failed, progress]).toEqual([4, 1, 0.5]);
    states.dispose();
  });

  it('shows the state of a map on its card, whatever the states of its elements', async () => {
    const element = { map: 'on', key: 'k1', label: 'n=1', position: 0 };
    const { states, asked } = await follow([
      task('on', 'running', { reason: null }),
      task('on.k1', 'failed', { element }),
      task('on.k2', 'succeeded', { element: { ...element, key: 'k2', position: 1 } })
    ]);
    expect(states.get('on')).toMatchObject({ state: 'running' });
    await pass(100);
    expect(asked.join().includes('on.k')).toBe(false);
    states.dispose();
  });

  it('requests nothing for a hidden canvas', async () => {
    const { states, asked } = await follow([task('done', 'succeeded')]);
    states.isShown = false;
    states.get('done');
    await pass(5000);
    expect(asked).toEqual([]);
    states.isShown = true;
    await pass(100);
    expect(asked).toEqual(['done']);
    states.dispose();
  });

  it('has the table of an output that exists', async () => {
    const { states, asked } = await follow([task('done', 'succeeded'), task('on', 'running')]);
    expect((await states.previewOf('done', 'out'))?.rows).toEqual([['1']]);
    expect(await states.previewOf('on', 'out')).toBeUndefined();
    expect(asked).toEqual(['done.out']);
    states.dispose();
  });

  it('knows since when a running node works, without the time between its attempts', async () => {
    const at = (second: number) => new Date(1e12 + 1000 * second).toISOString();
    const attempts = [
      { started_at: at(0), finished_at: at(4) },
      { started_at: at(10), finished_at: null }
    ];
    const once = task('once', 'running', { started_at: at(3) });
    const { states } = await follow([once, task('twice', 'running', { attempts })]);
    const since = (node: string) => states.get(node)!.since! - 1e12;
    expect([since('once'), since('twice')]).toEqual([3000, 6000]);
    states.dispose();
  });

  it('shows what a running node prints and records', async () => {
    const { states } = await follow([task('on', 'running'), task('done', 'succeeded')]);
    const activity = ['on', 'done'].map(node => ({
      run: 'r',
      node,
      attempt: 1,
      log_bytes: 5,
      done: 0,
      total: 0,
      last_line: 'epoch 3',
      metrics: [{ name: 'loss', value: 0.25 }]
    }));
    FakeSocket.last.say({ activity });
    expect(states.get('on')).toMatchObject({
      lastLine: 'epoch 3',
      metrics: [{ name: 'loss', value: '0.25' }]
    });
    expect(states.get('done')).not.toHaveProperty('lastLine');
    states.dispose();
  });

  it('shows its own check run that is newer than the newest run, and marks its nodes', async () => {
    const check = { ...RUN, id: 's', number: -1, origin: { kind: 'check' } };
    const model = { name: 'm', output_class: 'model' };
    const client = fakeClient((_, url) => {
      const { pathname, searchParams } = new URL(url);
      if (pathname.endsWith('/runs')) {
        return { items: [searchParams.get('origin') ? check : RUN], next: null };
      }
      const items = [task('a', 'succeeded', { artifacts: [model] })];
      return { run: pathname.includes('/s/') ? check : RUN, items, last: 1, next: null };
    });
    const trans = nullTranslator.load('nbyard');
    const states = new RunStates(
      connect(client.settings),
      () => 'a.nbflow',
      trans,
      () => true
    );
    FakeSocket.last.hello(1);
    await settled();
    await settled();
    expect(states.run?.id).toBe('r'); // a shell started it
    ownChecks.add('s');
    await settled();
    await settled();
    expect(states.run).toEqual({ id: 's', name: 'Check Run', state: 'running' });
    expect(states.get('a')).toMatchObject({ checked: true, state: 'succeeded' });
    expect(states.get('a')?.models).toBeUndefined();
    states.dispose();
  });

  it('keeps what earlier runs made of nodes that the newest run does not touch', async () => {
    const tasks: Record<string, Task[]> = {
      r1: [task('a', 'succeeded'), task('b', 'failed'), task('c', 'succeeded')],
      r2: [task('b', 'succeeded')],
      r3: [task('c', 'succeeded')],
      r4: [task('c', 'cancelled')]
    };
    let runs = ['r4', 'r3', 'r2', 'r1'].map((id, at) => ({ ...RUN, id, number: 4 - at }));
    const read: string[] = [];
    const client = fakeClient((_, url) => {
      const { pathname, searchParams } = new URL(url);
      const after = searchParams.get('after');
      const id = pathname.split('/').at(-2)!;
      if (pathname.endsWith('/runs')) {
        const shown = searchParams.get('origin') ? [] : runs;
        return { items: shown.filter(run => !after || run.id < after), next: null };
      }
      if (pathname.endsWith('/tasks')) {
        read.push(id);
        const run = runs.find(run => run.id === id)!;
        return { run, items: tasks[id], last: 1, next: null };
      }
      const items = [
        { node: 'a', text: 'of a' },
        { node: 'data', table: TABLE }
      ];
      return { items: id === 'r1' ? items : [], pending: [] };
    });
    const trans = nullTranslator.load('nbyard');
    let gone = '';
    const states = new RunStates(
      connect(client.settings),
      () => 'a.nbflow',
      trans,
      node => node !== gone
    );
    const shown = () => ['a', 'b', 'c'].map(node => states.get(node)?.state);
    shown();
    FakeSocket.last.hello(1);
    await pass(100);
    shown();
    await pass(100);
    expect(shown()).toEqual(['succeeded', 'succeeded', 'cancelled']);
    expect(states.get('a')?.from).toEqual({ id: 'r1', name: '1' });
    expect(states.get('b')?.from?.id).toBe('r2');
    expect(states.get('c')?.from).toBeUndefined();
    await pass(3000);
    expect(states.get('a')?.preview).toEqual({ text: 'of a' });
    expect(states.previewFor('data')).toBeUndefined(); // not before the newer runs are known
    await pass(3000);
    expect(states.previewFor('data')).toBeUndefined();
    await pass(3000);
    expect(states.previewFor('data')?.table?.size).toBe('1 × 1');
    expect(read).toEqual(['r4', 'r3', 'r2', 'r1']);

    // the next run replaces what it touches at once, without another search
    tasks.r5 = ['a', 'b', 'c'].map(node => task(node, 'waiting'));
    runs = [{ ...RUN, id: 'r5', number: 5 }, ...runs];
    FakeSocket.last.say({
      events: [{ id: 2, topic: 'run', subject_id: 'r5', data: { state: 'queued' } }],
      last: 2
    });
    expect(shown()).toEqual(['succeeded', 'succeeded', 'cancelled']);
    await pass(100);
    expect(shown()).toEqual(['waiting', 'waiting', 'waiting']);
    expect(read).toEqual(['r4', 'r3', 'r2', 'r1', 'r5']);

    // a node that left the document keeps no run, and is searched again when it comes back
    const next = async (id: string) => {
      runs = [{ ...RUN, id, number: runs.length + 1 }, ...runs];
      FakeSocket.last.say({
        events: [{ id: 2 + runs.length, topic: 'run', subject_id: id, data: { state: 'queued' } }],
        last: 2 + runs.length
      });
      await pass(100);
      shown();
      await pass(100);
    };
    tasks.r6 = [task('b', 'waiting'), task('c', 'waiting')];
    tasks.r7 = tasks.r6;
    await next('r6');
    expect(states.get('a')?.from?.id).toBe('r5');
    gone = 'a';
    await next('r7');
    expect(states.stateOf('a')).toBeUndefined();
    gone = '';
    states.get('a');
    await pass(100);
    expect(states.get('a')?.from?.id).toBe('r5');

    // a node that never ran is searched once, and then only in newer runs
    states.get('d');
    await pass(100);
    read.length = 0;
    tasks.r8 = tasks.r5;
    await next('r8');
    states.get('d');
    await pass(100);
    expect(read).toEqual(['r8']);

    // all runs are deleted
    runs = [];
    const changed = jest.fn();
    states.changed.connect(changed);
    FakeSocket.last.say({
      events: [{ id: 3, topic: 'run', subject_id: 'r5', data: { change: 'deleted' } }],
      last: 3
    });
    await pass(100);
    expect(changed).toHaveBeenCalled();
    expect([states.run, ...shown()]).toEqual([undefined, undefined, undefined, undefined]);
    states.dispose();
  });
});
