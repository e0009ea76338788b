import { nullTranslator } from '@jupyterlab/translation';
import { act, render } from '@testing-library/react';
import { Signal } from '@lumino/signaling';
import { PanelVisible, showAgo, useNow } from '../format/times';
import { useAgoNow } from '../hooks/useLost';

const trans = nullTranslator.load('nbyard');
const START = Date.parse('2030-01-01T00:00:00Z');

describe('the clock of the page', () => {
  beforeEach(() => jest.useFakeTimers({ now: START }));
  afterEach(() => jest.useRealTimers());

  const pass = (seconds: number) => act(() => void jest.advanceTimersByTime(1000 * seconds));

  it('lets “min ago” grow while nothing runs', () => {
    const stream = { lost: undefined, connectedChanged: new Signal<object, boolean>({}) };
    const at = new Date(START).toISOString();
    const Ago = () => <>{showAgo(at, useAgoNow(stream), trans)}</>;
    const { container } = render(<Ago />);
    expect(container.textContent).toBe('just now');
    pass(120);
    expect(container.textContent).toBe('2 min ago');
    pass(8 * 60);
    expect(container.textContent).toBe('10 min ago');
  });

  it('is one timer, however many look at it, and none when nobody does', () => {
    const timers = jest.getTimerCount();
    const Clock = ({ period }: { period?: number }) => <>{useNow(true, period)}</>;
    const shown = [render(<Clock />), render(<Clock />), render(<Clock period={15_000} />)];
    expect(jest.getTimerCount()).toBe(timers + 1);
    shown.forEach(({ unmount }) => unmount());
    expect(jest.getTimerCount()).toBe(timers);
  });

  it('rests in a hidden panel, and is right at once when the panel is shown', () => {
    const timers = jest.getTimerCount();
    const Clock = () => <>{useNow(true) - START}</>;
    const panel = (isVisible: boolean) => (
      <PanelVisible.Provider value={isVisible}>
        <Clock />
      </PanelVisible.Provider>
    );
    const { container, rerender } = render(panel(false));
    expect(jest.getTimerCount()).toBe(timers);
    pass(60);
    expect(container.textContent).toBe('0');
    rerender(panel(true));
    expect(container.textContent).toBe('60000');
    pass(2);
    expect(container.textContent).toBe('62000');
  });
});
