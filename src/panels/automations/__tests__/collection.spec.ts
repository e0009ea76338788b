import { fakeClient, settled } from '../../../api/__tests__/fake';
import { EventStream } from '../../../api/eventStream';
import { StoreEvent } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { automationsOf } from '../collection';

const event = (topic: string, subject_id: string) => ({ topic, subject_id }) as StoreEvent;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('the automations in the sidebar', () => {
  it('are read again with their own events and those of their newest run', async () => {
    const asked: string[] = [];
    const one = { id: 'one', name: 'one', recent: [{ run_id: 'r2' }, { run_id: 'r1' }] };
    const client = fakeClient((_, url) => {
      asked.push(new URL(url).pathname.split('/').pop()!);
      return url.includes('/one') ? one : { items: [one] };
    });
    const stream = new EventStream(client);
    jest.spyOn(stream, 'start').mockResolvedValue(undefined);
    const items = automationsOf({ client, stream } as IYard);
    await items.start();
    const emit = stream['_events'];
    for (const [topic, id, count] of [
      ['automation', 'one', 1],
      ['run', 'r2', 2],
      ['run', 'r1', 2],
      ['dataset', 'one', 2]
    ] as const) {
      emit.emit([event(topic, id)]);
      await settled();
      jest.advanceTimersByTime(300);
      await settled();
      expect(asked.filter(name => name === 'one')).toHaveLength(count);
    }
  });

  it('are all counted, page by page', async () => {
    const pages: Record<string, object> = {
      '': { items: [{ id: 'c' }, { id: 'b' }], next: 'b' },
      b: { items: [{ id: 'a' }], next: null }
    };
    const client = fakeClient((_, url) => pages[new URL(url).searchParams.get('after') ?? '']);
    const stream = new EventStream(client);
    jest.spyOn(stream, 'start').mockResolvedValue(undefined);
    const all = automationsOf({ client, stream } as IYard);
    await all.start();
    expect([all.items.map(({ id }) => id), all.more]).toEqual([['c', 'b', 'a'], false]);
  });
});
