import { Signal } from '@lumino/signaling';
import { act, render, screen } from '@testing-library/react';
import { useChanges } from '../useChanges';

const stream = {
  events: new Signal<unknown, readonly { topic: string }[]>({}),
  refetch: new Signal<unknown, void>({}),
  start: jest.fn(async () => undefined)
};

function Shown(): JSX.Element {
  return <p>{useChanges(stream, 'run', 'project')}</p>;
}

describe('changes of a topic', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const emit = (...topics: string[]) => stream.events.emit(topics.map(topic => ({ topic })));
  const pass = () => act(() => jest.advanceTimersByTimeAsync(300));

  it('are gathered, and include events that are missing', async () => {
    render(<Shown />);
    expect(stream.start).toHaveBeenCalled();
    emit('dataset');
    await pass();
    expect(screen.getByText('0')).toBeTruthy();
    emit('dataset', 'run');
    emit('project');
    await pass();
    expect(screen.getByText('1')).toBeTruthy();
    stream.refetch.emit();
    await pass();
    expect(screen.getByText('2')).toBeTruthy();
  });
});
