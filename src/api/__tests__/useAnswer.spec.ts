import { act, renderHook } from '@testing-library/react';
import type { ApiClient } from '../client';
import type { Question } from '../operations';
import { useAnswer } from '../useAnswer';

type Asked = Question<'runs.get'>;

function ask(call: jest.Mock) {
  const client = { call } as unknown as ApiClient;
  return (of: { question?: Asked; turn?: number; pause?: number }) =>
    useAnswer(client, 'runs.get', of.question, of);
}

const run = (id: number): Asked => ({ path: { run: `${id}` } });

const settle = () => act(async () => {});

describe('useAnswer', () => {
  it('requests nothing without a question, and an equal question only once', async () => {
    const call = jest.fn(async () => ({ id: 1 }));
    const initialProps: Parameters<ReturnType<typeof ask>>[0] = {};
    const { result, rerender } = renderHook(ask(call), { initialProps });
    expect(call).not.toHaveBeenCalled();

    rerender({ question: run(1) });
    expect(result.current.isOld).toBe(true);
    await settle();
    rerender({ question: run(1) });
    expect(call).toHaveBeenCalledTimes(1);
    expect(result.current).toMatchObject({ answer: { id: 1 }, isOld: false });
  });

  it('repeats the question with each turn, and keeps the answer if that fails', async () => {
    const call = jest.fn().mockResolvedValueOnce({ id: 1 }).mockRejectedValueOnce(Error('Gone.'));
    const initialProps = { question: run(1), turn: 0 };
    const { result, rerender } = renderHook(ask(call), { initialProps });
    await settle();
    rerender({ question: run(1), turn: 1 });
    await settle();
    expect(result.current).toMatchObject({ answer: { id: 1 }, problem: 'Gone.', isOld: false });
  });

  it('ignores the answer to an earlier question', async () => {
    const later: ((run: unknown) => void)[] = [];
    const call = jest.fn(() => new Promise(resolve => later.push(resolve)));
    const { result, rerender } = renderHook(ask(call), { initialProps: { question: run(1) } });
    rerender({ question: run(2) });
    later[1]({ id: 2 });
    later[0]({ id: 1 });
    await settle();
    expect(result.current.answer).toEqual({ id: 2 });
  });

  it('requests only the last of the questions that follow each other within the pause', async () => {
    jest.useFakeTimers();
    const call = jest.fn(async () => ({}));
    const initialProps = { question: run(1), pause: 100 };
    const { rerender } = renderHook(ask(call), { initialProps });
    jest.advanceTimersByTime(50);
    rerender({ question: run(2), pause: 100 });
    await act(async () => jest.advanceTimersByTime(100));
    expect(call.mock.calls).toEqual([['runs.get', expect.objectContaining(run(2))]]);
    jest.useRealTimers();
  });
});
