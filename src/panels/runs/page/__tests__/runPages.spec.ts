import { Signal } from '@lumino/signaling';
import { event } from '../../../../api/__tests__/fake';
import { IYard } from '../../../../api/yard';
import { PAGE, RunPages } from '../runPages';

const idOf = (number: number) => `r${String(number).padStart(6, '0')}`;

/** A server with runs, and what it was asked. */
function pagesOf(numbers: number[], order?: string) {
  const held = new Set(numbers);
  const asked: { after?: string; limit: number }[] = [];
  const call = jest.fn(async (_: string, { query }) => {
    const { after, limit } = query;
    asked.push({ after, limit });
    const isAfter = (number: number) =>
      !after || (query.order ? idOf(number) > after : idOf(number) < after);
    const all = [...held].sort((a, b) => (query.order ? a - b : b - a)).filter(isAfter);
    const items = all.slice(0, limit).map(number => ({ id: idOf(number), number }));
    return { items, next: all.length > limit ? items[limit - 1].id : null };
  });
  const stream = {
    events: new Signal<object, unknown>({}),
    refetch: new Signal<object, void>({}),
    start: async () => undefined
  };
  const pages = new RunPages({ client: { call }, stream } as unknown as IYard, '', order);
  const shown = () => pages.items.map(({ number }) => number);
  const emit = (...events: object[]) => stream.events.emit(events);
  return { pages, held, asked, shown, emit, call, stream };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const all = async (pages: RunPages) => {
  while (!pages.isWhole) {
    await pages.more();
  }
};
const later = () => jest.advanceTimersByTimeAsync(3000);

describe('pages of runs', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are read one by one', async () => {
    const { pages, shown } = pagesOf(range(1, 250));
    pages.start();
    await later();
    expect(shown()).toHaveLength(PAGE);
    await pages.more();
    expect(shown()).toEqual(range(51, 250).reverse());
    expect(pages.isWhole).toBe(false);
    await pages.more();
    expect(pages.isWhole).toBe(true);
    expect(shown()).toEqual(range(1, 250).reverse());
  });

  it('in another order follow the cursor of the server, and changes at any place', async () => {
    const { pages, held, asked, shown, emit } = pagesOf(range(10, 700), 'duration');
    pages.start();
    await later();
    await pages.more();
    expect(shown()).toEqual(range(10, 209));
    expect(asked[1].after).toBe(idOf(109));
    held.add(1).delete(60);
    emit(event(1, 'run', idOf(1)), event(2, 'run', idOf(60), { change: 'deleted' }));
    await later();
    expect(shown().slice(0, 199)).toEqual([1, ...range(10, 59), ...range(61, 208)]);
    await all(pages);
    held.add(9);
    emit(event(3, 'run', idOf(9)));
    await later();
    expect(shown()).toEqual([1, ...range(9, 59), ...range(61, 700)]);
  });

  it('are read again where something changed', async () => {
    const { pages, held, asked, shown, emit } = pagesOf(range(1, 250));
    pages.start();
    await all(pages);
    asked.length = 0;
    held.add(251).delete(60);
    emit(event(1, 'run', idOf(251)), event(2, 'task', 't', {}, idOf(251)));
    emit(event(3, 'run', idOf(60)));
    await later();
    expect(asked).toEqual([
      { after: undefined, limit: PAGE },
      { after: idOf(151), limit: PAGE }
    ]);
    expect(shown()).toEqual([...range(61, 251).reverse(), ...range(1, 59).reverse()]);
  });

  it.each([undefined, 'duration'])(
    'hear what happens while they are read: order %s',
    async order => {
      const { pages, held, shown, emit, call } = pagesOf([1], order);
      pages.start();
      await later();
      call.mockImplementationOnce(async () => {
        await new Promise(resolve => window.setTimeout(resolve, 1000));
        return { items: [{ id: idOf(1), number: 1 }], next: null };
      });
      emit(event(1, 'run', idOf(1)));
      await jest.advanceTimersByTimeAsync(500);
      held.add(2);
      emit(event(2, 'run', idOf(2)));
      await later();
      expect(new Set(shown())).toEqual(held);
    }
  );

  it('lose deleted runs without a request', async () => {
    const { pages, asked, shown, emit } = pagesOf(range(1, 3));
    pages.start();
    await later();
    emit(event(1, 'run', idOf(2), { change: 'deleted' }));
    await later();
    expect(shown()).toEqual([3, 1]);
    expect(asked).toHaveLength(1);
  });

  it('are read again as far as they were, if events are missing', async () => {
    const { pages, held, shown, stream } = pagesOf(range(1, 1_200));
    pages.start();
    await all(pages);
    held.delete(7);
    held.delete(700);
    stream.refetch.emit();
    await later();
    expect(shown()).toEqual(
      range(1, 1_200)
        .filter(each => each !== 7 && each !== 700)
        .reverse()
    );
  });

  it('keep what they have when a request fails', async () => {
    const { pages, call, shown } = pagesOf(range(1, 150));
    pages.start();
    await later();
    call.mockRejectedValueOnce(new Error('state: unknown'));
    await pages.more();
    expect(pages.problem).toBe('is: unknown');
    expect(shown()).toHaveLength(PAGE);
    await pages.reload();
    expect(pages.problem).toBeUndefined();
  });
});
