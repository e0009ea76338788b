import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { Signal } from '@lumino/signaling';
import { Away } from '../Away';
import { Boundary } from '../Boundary';
import { ILost, useServerNow } from '../hooks/useLost';

const trans = nullTranslator.load('nbyard');

describe('R10: while the server is away', () => {
  beforeEach(() => jest.useFakeTimers({ now: Date.parse('2030-01-01T00:00:10Z') }));
  afterEach(() => jest.useRealTimers());

  it('says how old what is shown is, and nothing when it is there', () => {
    const lost = { since: Date.parse('2030-01-01T00:00:05Z') };
    const { rerender, container } = render(<Away lost={lost} trans={trans} />);
    expect(container.textContent).toContain('5 s ago');
    act(() => void jest.advanceTimersByTime(65_000));
    expect(container.textContent).toContain('1:10 ago');
    expect(screen.queryByRole('button')).toBeNull();
    rerender(<Away lost={undefined} trans={trans} />);
    expect(container.textContent).toBe('');
  });

  it.each([
    ['signed-out', 'Your sign-in has expired.', 'Sign In Again'],
    ['stopped', 'The Jupyter server is stopped.', 'Start Server']
  ] as const)('P5: offers what helps where it does not come back by itself: %s', (...words) => {
    const [barrier, message, action] = words;
    render(<Away lost={{ since: 0, barrier }} trans={trans} />);
    expect(screen.getByRole('status').textContent).toBe(message);
    expect(screen.getByRole('button', { name: action })).toBeTruthy();
  });
});

describe('P5: the clock of what runs', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000 }));
  afterEach(() => jest.useRealTimers());

  it('stands still while the server is away', () => {
    const stream = { lost: undefined, connectedChanged: new Signal<object, boolean>({}) };
    const heard = (lost?: ILost) =>
      act(() => {
        Object.assign(stream, { lost });
        stream.connectedChanged.emit(!lost);
        jest.advanceTimersByTime(5_000);
      });
    const Clock = () => <>{useServerNow(stream, true)}</>;
    const { container } = render(<Clock />);
    act(() => void jest.advanceTimersByTime(2_000));
    expect(container.textContent).toBe('3000');
    heard({ since: 3_500 });
    expect(container.textContent).toBe('3500');
    heard();
    expect(container.textContent).toBe('13000');
  });
});

describe('content of before', () => {
  it('says since when the server is away', () => {
    const since = Date.UTC(2030, 0, 1, 12, 30);
    render(<Away lost={{ since }} trans={trans} />);
    const time = new Date(since).toLocaleTimeString();
    expect(document.querySelector('.nby-Away')!.textContent).toContain(`ago, at ${time}.`);
  });
});

describe('a part that cannot be drawn', () => {
  it('says so, leaves the rest, and is tried again', () => {
    const quiet = jest.spyOn(console, 'error').mockImplementation();
    let broken = true;
    const Part = () => {
      if (broken) {
        throw new Error('no cells');
      }
      return <b>drawn</b>;
    };
    render(
      <div>
        beside
        <Boundary trans={trans}>
          <Part />
        </Boundary>
      </div>
    );
    expect(screen.getByRole('alert').textContent).toContain('no cells');
    expect(screen.getByText('beside')).toBeTruthy();
    broken = false;
    fireEvent.click(screen.getByRole('button', { name: 'Try Again' }));
    expect(screen.getByText('drawn')).toBeTruthy();
    quiet.mockRestore();
  });
});
