import { act, renderHook } from '@testing-library/react';
import { useFirst } from '../useFirst';

describe('the list that loads first', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const begin = (start: () => Promise<void>) => {
    const list = { start: jest.fn(start) };
    const others = jest.fn();
    const { result, rerender } = renderHook(() => useFirst(list));
    void result.current.then(others);
    rerender();
    expect(list.start).toHaveBeenCalledTimes(1);
    return others;
  };

  it.each([
    ['loads', () => Promise.resolve()],
    ['fails', () => Promise.reject(new Error('gone'))]
  ])('lets the others load when it %s', async (_, start) => {
    const others = begin(start);
    await act(async () => undefined);
    expect(others).toHaveBeenCalledTimes(1);
  });

  it('holds up the others for half a second at most', async () => {
    const others = begin(() => new Promise(() => undefined));
    await act(() => jest.advanceTimersByTimeAsync(499));
    expect(others).not.toHaveBeenCalled();
    await act(() => jest.advanceTimersByTimeAsync(1));
    expect(others).toHaveBeenCalledTimes(1);
  });
});
