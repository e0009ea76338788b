import { Signal } from '@lumino/signaling';
import { event } from '../../../../api/__tests__/fake';
import { IYard } from '../../../../api/yard';
import { PAGE, RunPages } from '../runPages';

const idOf = (number: number) => `r${String(number).padStart(6, '0')}`;

/** A server with runs, and what it was asked. */
function pagesOf(numbers: number[]) {
  const held = new Set(numbers);
  const asked: { after?: string; limit: number }[] = [];
  const call = jest.fn(async (_: string, { query }) => {
    const { after, limit } = query;
    asked.push({ after, limit });
    const all = [...held].sort((a, b) => b - a).filter(number => !after || idOf(number) < after);
    const items = all.slice(0, limit).map(number => ({ id: idOf(number), number }));
    return { items, next: all.length > limit ? items[limit - 1].id : null };
  });
  const stream = {
    events: new Signal<object, unknown>({}),
    refetch: new Signal<object, void>({}),
    start: async () => undefined
  };
  const pages = new RunPages({ client: { call }, stream } as unknown as IYard, '');
  const shown = () => pages.items.map(({ number }) => number);
  const emit = (...events: object[]) => stream.events.emit(events);
  return { pages, held, asked, shown, emit, call, stream };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const later = () => jest.advanceTimersByTimeAsync(3000);

describe('pages of runs', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are read one by one, or all', async () => {
    const { pages, asked, shown } = pagesOf(range(1, 10_000));
    pages.start();
    await later();
    expect(shown()).toHaveLength(PAGE);
    await pages.more();
    expect(shown()).toEqual(range(9_801, 10_000).reverse());
    expect(pages.isWhole).toBe(false);
    await pages.all();
    expect(pages.isWhole).toBe(true);
    expect(shown()).toEqual(range(1, 10_000).reverse());
    expect(asked).toHaveLength(2 + 20);
  });

  it('are read again where something changed', async () => {
    const { pages, held, asked, shown, emit } = pagesOf(range(1, 250));
    pages.start();
    await pages.all();
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
    await pages.all();
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
