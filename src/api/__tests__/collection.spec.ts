import { connect } from '../yard';
import { EventStream } from '../eventStream';
import { event, fakeClient, FakeSocket, json, settled } from './fake';

beforeEach(() => {
  jest.useFakeTimers();
  FakeSocket.all = [];
});
afterEach(() => jest.useRealTimers());

describe('EventStream', () => {
  it('R10: asks for what it missed when it is connected again', async () => {
    const stream = new EventStream(fakeClient(() => ({})));
    const seen: number[] = [];
    stream.events.connect((_, events) => seen.push(...events.map(({ id }) => id)));
    void stream.start();
    FakeSocket.last.hello(7);
    FakeSocket.last.say({ events: [event(8, 'run', 'r')], last: 8, refetch: false });
    FakeSocket.last.close();
    expect(stream.connected).toBe(false);
    jest.advanceTimersByTime(1000);
    FakeSocket.last.onopen!();
    expect(FakeSocket.all.length).toBe(2);
    expect(FakeSocket.last.sent[0]).toEqual({ after: 8, watch: [] });
    FakeSocket.last.say({ events: [event(9, 'run', 'r')], last: 9, refetch: false });
    expect(seen).toEqual([8, 9]);
  });

  it('R10: has everything read anew when events are no longer kept, or the store is another', () => {
    const stream = new EventStream(fakeClient(() => ({})));
    const refetched = jest.fn();
    stream.refetch.connect(refetched);
    void stream.start();
    FakeSocket.last.hello(50);
    FakeSocket.last.say({ events: [], last: 90, refetch: true });
    expect(refetched).toHaveBeenCalledTimes(1);
    FakeSocket.last.say({ events: [], last: 3, refetch: false });
    expect(refetched).toHaveBeenCalledTimes(2);
  });

  it.each([
    [401, 'signed-out'],
    [403, 'signed-out'],
    [424, 'stopped'],
    [200, undefined],
    [503, undefined]
  ])('P5: finds out why it is not let back: %s', async (status, barrier) => {
    const asked: string[] = [];
    const answer = (_: string, url: string) => asked.push(url) && json(status, {});
    const stream = new EventStream(fakeClient(answer));
    const heard = jest.fn();
    void stream.start();
    FakeSocket.last.close();
    expect(asked).toEqual([]); // it was never there: there is nothing that is old
    jest.advanceTimersByTime(1000);
    FakeSocket.last.hello();
    stream.connectedChanged.connect(heard);
    jest.setSystemTime(5000);
    FakeSocket.last.close();
    expect(stream.lost).toEqual({ since: 5000 });
    for (const _ of [1, 2]) {
      await settled();
      expect(stream.lost).toEqual({ since: 5000, barrier });
      jest.advanceTimersByTime(4000);
      FakeSocket.last.close();
    }
    expect(asked[0]).toMatch(/^http:..here.user.x.api.me/);
    expect(heard).toHaveBeenCalledTimes(barrier ? 2 : 1);
    await settled();
    jest.advanceTimersByTime(4000);
    FakeSocket.last.hello();
    expect(stream.lost).toBeUndefined();
  });

  it('watches a run as long as somebody looks', () => {
    const stream = new EventStream(fakeClient(() => ({})));
    const one = stream.watch('r');
    const two = stream.watch('r');
    FakeSocket.last.hello();
    expect(FakeSocket.last.sent[0].watch).toEqual(['r']);
    one.dispose();
    expect(FakeSocket.last.sent.length).toBe(1);
    two.dispose();
    expect(FakeSocket.last.sent[1]).toEqual({ watch: [] });
  });
});

describe('Collection', () => {
  function yard(rows: Record<string, { id: string; name: string; current: object }>) {
    const asked: string[] = [];
    const client = fakeClient((method, url) => {
      const path = url.replace(/.*\/api/, '').replace(/\?.*/, '');
      asked.push(path);
      const id = path.split('/')[2];
      if (!id) {
        return { items: Object.values(rows), next: null };
      }
      return rows[id] ?? json(404, { code: 'not-found', message: 'gone' });
    });
    const made = connect(client.settings);
    return { yard: made, asked };
  }

  it('asks nothing before it is shown', async () => {
    const { asked } = yard({});
    await settled();
    expect(asked).toEqual([]);
    expect(FakeSocket.all).toEqual([]);
  });

  it('D1: follows events: new, changed and deleted datasets', async () => {
    const rows: Record<string, any> = { a: { id: 'a', name: 'a', current: { id: 'v1' } } };
    const { yard: made, asked } = yard(rows);
    const { datasets } = made;
    void datasets.start();
    FakeSocket.last.hello();
    await settled();
    expect(datasets.items.map(({ id }) => id)).toEqual(['a']);

    rows.b = { id: 'b', name: 'b', current: { id: 'v2' } };
    rows.a = { ...rows.a, name: 'renamed' };
    FakeSocket.last.say({
      events: [event(2, 'dataset', 'b'), event(3, 'dataset-version', 'v1')],
      last: 3
    });
    jest.advanceTimersByTime(200);
    await settled();
    expect(datasets.items.map(({ name }) => name)).toEqual(['b', 'renamed']);
    expect(asked).toEqual(['/datasets', '/datasets/b', '/datasets/a']);

    delete rows.a;
    FakeSocket.last.say({ events: [event(4, 'dataset', 'a')], last: 4 });
    jest.advanceTimersByTime(200);
    await settled();
    expect(datasets.items.map(({ id }) => id)).toEqual(['b']);

    delete rows.b; // of a project that is no longer shared with this user
    FakeSocket.last.say({ events: [event(5, 'project', 'p', { change: 'shared' })], last: 5 });
    jest.advanceTimersByTime(200);
    await settled();
    expect(datasets.items).toEqual([]);
  });

  it('J1: reads the page anew while a project is active', async () => {
    const rows: Record<string, any> = { a: { id: 'a', name: 'a', current: { id: 'v1' } } };
    const { yard: made, asked } = yard(rows);
    made.client.project = 'p';
    void made.datasets.start();
    FakeSocket.last.hello();
    await settled();
    FakeSocket.last.say({ events: [event(2, 'dataset', 'of another project')], last: 2 });
    jest.advanceTimersByTime(200);
    await settled();
    expect(asked).toEqual(['/datasets', '/datasets']);
    expect(made.datasets.items.map(({ id }) => id)).toEqual(['a']);
  });

  it('R10: a list that could not be read is, once the server is there again', async () => {
    const rows: Record<string, any> = { a: { id: 'a', name: 'a', current: { id: 'v1' } } };
    let away = true;
    const client = fakeClient(() =>
      away ? json(503, { message: 'away' }) : { items: Object.values(rows) }
    );
    const { datasets } = connect(client.settings);
    void datasets.start();
    FakeSocket.last.hello();
    await settled();
    expect(datasets.state).toBe('failed');
    away = false;
    FakeSocket.last.close();
    jest.advanceTimersByTime(1000);
    FakeSocket.last.hello();
    await settled();
    expect(datasets.items.map(({ id }) => id)).toEqual(['a']);
    expect(datasets.state).toBe('ready');
  });

  it('reads the page anew when an event cannot be placed', async () => {
    const { yard: made, asked } = yard({});
    void made.datasets.start();
    FakeSocket.last.hello();
    await settled();
    FakeSocket.last.say({ events: [event(2, 'dataset-version', 'unseen')], last: 2 });
    jest.advanceTimersByTime(200);
    await settled();
    expect(asked).toEqual(['/datasets', '/datasets']);
  });

  it('K15: lists no check run, whose events are those of a run', async () => {
    const numbers: Record<string, number> = { r: 1, s: -1 };
    const client = fakeClient((_, url) => {
      const id = /runs\/(\w+)\/tasks/.exec(url)?.[1];
      const run = (key: string) => ({ id: key, number: numbers[key], path: 'a.nbflow' });
      return id ? { run: run(id), items: [], last: 1 } : { items: [] };
    });
    const { runs } = connect(client.settings);
    void runs.start();
    FakeSocket.last.hello();
    await settled();
    const news = ['r', 's'].map((id, at) => event(at + 2, 'run', id, { state: 'queued' }, id));
    FakeSocket.last.say({ events: news, last: 3 });
    jest.advanceTimersByTime(200);
    await settled();
    expect(runs.items.map(({ id }) => id)).toEqual(['r']);
  });
});
