import { connect, IYard } from '../../../api/yard';
import { event, fakeClient, FakeSocket, settled } from '../../../api/__tests__/fake';
import { Task } from '../../../api/types';
import { RunModel } from '../runModel';

const WHY = { code: 'forced', params: {} };
const RUN = { id: 'r', state: 'running', number: 1, path: 'a.nbflow', workflow_id: 'w' };

function task(node: string, state: Task['state'] = 'running'): Task {
  return { id: `t-${node}`, node, state, cached: false, reason: null } as Task;
}

/** A server with one run of many tasks; what was asked of it stands in `asked`. */
function serve(tasks: Task[], last = 10) {
  const asked: URLSearchParams[] = [];
  const told = { tasks, last, news: [] as Task[], run: RUN };
  const client = fakeClient((_, url) => {
    const query = new URL(url).searchParams;
    asked.push(query);
    const items = query.get('since') || query.get('state') ? told.news : told.tasks;
    const start = items.findIndex(({ node }) => node === query.get('after')) + 1;
    const page = items.slice(start, start + 2);
    const next = start + 2 < items.length ? page[1].node : null;
    return { run: told.run, items: page, last: told.last, next };
  });
  const yard = connect(client.settings);
  return { yard, asked, told };
}

async function opened(yard: IYard): Promise<RunModel> {
  const model = RunModel.of(yard, 'r');
  FakeSocket.last.hello(10);
  await model.ready;
  return model;
}

describe('RunModel', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('F26: reads a run in pages, and after events only what changed', async () => {
    const { yard, asked, told } = serve(['a', 'b', 'c', 'd', 'e'].map(node => task(node)));
    const model = await opened(yard);
    expect(model.detail?.tasks.map(({ node }) => node)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(asked.map(query => query.get('after'))).toEqual([null, 'b', 'd']);

    const changes: (readonly string[] | undefined)[] = [];
    model.changed.connect((_, nodes) => changes.push(nodes && [...nodes]));
    told.last = 12;
    told.news = [{ ...task('c', 'succeeded'), reason: WHY }];
    FakeSocket.last.say({
      events: [event(12, 'task', 't-c', { state: 'succeeded' }, 'r')],
      last: 12,
      refetch: false
    });
    expect([model.task('c')?.state, changes]).toEqual(['succeeded', [['c']]]);
    jest.advanceTimersByTime(200);
    await settled();
    expect(asked.slice(3).map(query => query.get('since'))).toEqual(['10']);
    expect(model.task('c')?.reason).toEqual(WHY);
    model.dispose();
  });

  it('I22: reads all of it anew when too much was missed', async () => {
    const { yard, told } = serve([task('a')]);
    const model = await opened(yard);
    told.tasks = [task('a', 'failed')];
    told.last = 500;
    FakeSocket.last.say({ events: [], last: 500, refetch: true });
    await settled();
    expect(model.task('a')?.state).toBe('failed');
    model.dispose();
  });

  it('K1: tells where the file of its workflow was moved to', async () => {
    const { yard, told } = serve([task('a')]);
    const model = await opened(yard);
    told.run = { ...RUN, path: 'b.nbflow' };
    const events = [event(11, 'workflow', 'w', { change: 'moved' })];
    FakeSocket.last.say({ events, last: 11, refetch: false });
    await settled();
    expect(model.run?.path).toBe('b.nbflow');
    model.dispose();
  });

  it('is one for all who show the run, until the last of them leaves', async () => {
    const { yard } = serve([task('a')]);
    const model = await opened(yard);
    expect(RunModel.of(yard, 'r')).toBe(model);
    model.dispose();
    expect(model.isDisposed).toBe(false);
    model.dispose();
    expect(model.isDisposed).toBe(true);
    expect(RunModel.of(yard, 'r')).not.toBe(model);
  });
});
